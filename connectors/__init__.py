"""One module per way of reaching an outside system; knows nothing of Kafka."""
