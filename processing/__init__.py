"""The frame of a stateful processor over Kafka: membership, fencing, transactions, store, restoring, standby."""
