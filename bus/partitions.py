"""Which partition a subject is in: the same one of every topic that is keyed by subject."""

from confluent_kafka.cimpl import murmur2


def partition_of(subject: str, partitions: int) -> int:
    """Return the partition of a subject: murmur2 of its key, as every producer of the hub and any Java client does."""
    return int(murmur2(subject.encode(), partitions))
