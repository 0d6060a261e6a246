"""Kafka and registry clients, codecs, ciphers and topics: what the stages use to speak to each other."""
