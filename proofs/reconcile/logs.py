"""The topics that PostgreSQL has row by row: how many messages there are, as far as its sink had read them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bus.reading.offsets import TopicPartition
from bus.reading.topic_reader import TopicReader


@dataclass(slots=True)
class LogRead:
    """How many messages of a partition the sink had read, the offset of the last of these, and how many it had not."""

    written: int = 0
    last: int = -1
    unread: int = 0


ReadLogs = Mapping[TopicPartition, LogRead]


def read_logs(
    reader: TopicReader, partitions: Iterable[TopicPartition], tabled: Mapping[TopicPartition, int]
) -> ReadLogs:
    """Count the messages of partitions; ``tabled``: the next offset of each that the sink reads."""
    found = {partition: LogRead() for partition in partitions}
    for message in reader.read_all(found):
        key, offset = TopicPartition(reader.bare(message.topic()), message.partition() or 0), message.offset() or 0
        log = found[key]
        if offset < tabled.get(key, 0):
            log.written += 1
            log.last = offset
        else:
            log.unread += 1
    return found
