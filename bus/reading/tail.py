"""The last message of a kind in a partition, without reading the partition."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from confluent_kafka import Message

from bus.config import BusConfig
from bus.reading.offsets import TopicPartition, Watermarks
from bus.reading.scan import scan_partitions

# From the end back, the first time: a transaction has a marker behind its messages, which is none.
_LOOK_BACK, _FURTHER = 16, 16

Found = TypeVar("Found")


def last_of(
    config: BusConfig, ends: Mapping[TopicPartition, Watermarks], read: Callable[[Message], Found | None]
) -> dict[TopicPartition, Found]:
    """Return the last message before each end that ``read`` makes something of; partitions without one are left out.

    Raises Unavailable when Kafka does not say it, and what ``read`` raises.
    """
    found: dict[TopicPartition, Found] = {}
    open_ends, back = dict(ends), _LOOK_BACK
    while open_ends:
        starts = {key: max(end.low, end.high - back) for key, end in open_ends.items()}
        for topic, message in scan_partitions(config, starts, open_ends):
            key = TopicPartition(topic, message.partition())
            # What was written since comes, too.
            if message.offset() < open_ends[key].high and (one := read(message)) is not None:
                found[key] = one
        open_ends = {key: end for key, end in open_ends.items() if key not in found and starts[key] > end.low}
        back *= _FURTHER
    return found
