"""The stream processors. Each decides by rules; the frame in ``processing`` does everything that is Kafka's."""
