"""Reads, once, what several readers want of the same partitions: each message is handed to those whose window it is in.

The readers of the changes are at nearly the same place, so their windows overlap and one reading serves them all. One
that is far behind has a window of its own: what lies between is not read.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from confluent_kafka import Message

from bus.reading.offsets import TopicPartition, Watermarks
from bus.reading.topic_reader import TopicReader


class ReaderWindow(NamedTuple):
    """What one reader reads of a partition: from ``start`` to before ``end``."""

    reader: str
    start: int
    end: int


@dataclass(slots=True)
class ReadingPlan:
    """The windows of all readers by partition."""

    windows: dict[TopicPartition, list[ReaderWindow]] = field(default_factory=dict)

    def add(self, reader: str, partition: TopicPartition, start: int, end: int) -> None:
        """Have a reader read a partition from ``start`` to before ``end``."""
        if start < end:
            self.windows.setdefault(partition, []).append(ReaderWindow(reader, start, end))

    def rounds(self) -> Iterator[dict[TopicPartition, tuple[int, int]]]:
        """Yield what to read at once: of each partition one span, in the order of offsets."""
        spans = {partition: list(_spans(windows)) for partition, windows in self.windows.items()}
        for number in range(max(map(len, spans.values()), default=0)):
            yield {partition: own[number] for partition, own in spans.items() if number < len(own)}


def _spans(windows: list[ReaderWindow]) -> Iterator[tuple[int, int]]:
    """Yield the parts of a partition that somebody reads, joined where they touch."""
    start = end = -1
    for window in sorted(windows, key=lambda one: one.start):
        if window.start > end:
            if start < end:
                yield start, end
            start, end = window.start, window.end
        end = max(end, window.end)
    if start < end:
        yield start, end


def read_windows(
    reader: TopicReader, plan: ReadingPlan, ends: Mapping[TopicPartition, Watermarks]
) -> Iterator[tuple[TopicPartition, Message, list[str]]]:
    """Yield (partition, message, the readers whose window it is in), each partition's in the order of offsets.

    Waits for transactions that are open inside of a window. Raises Unavailable when the broker falls silent.
    """
    sources: dict[tuple[str | None, int | None], TopicPartition] = {}
    for spans in plan.rounds():
        limits = {partition: Watermarks(ends[partition].low, end) for partition, (_, end) in spans.items()}
        starts = {partition: start for partition, (start, _) in spans.items()}
        for message in reader.read(starts, limits):
            read_from = (message.topic(), message.partition())
            source = sources.get(read_from)
            if source is None:
                source = sources[read_from] = TopicPartition(reader.bare(message.topic()), message.partition() or 0)
            offset = message.offset() or 0
            # The reader may go on behind the end: that is the next round's, or the next pass's.
            if offset >= spans[source][1]:
                continue
            readers = [name for name, start, end in plan.windows[source] if start <= offset < end]
            if readers:
                yield source, message, readers
