"""Avro messages in Confluent's wire format: codecs, compiled readers, and a writer that joins encoded parts."""
