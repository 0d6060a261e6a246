"""Avro messages in Confluent's wire format: encoding, decoding by compiled readers, and joining of encoded parts."""
