"""Where each arrow says how far it came: the processors' topics of positions, consumer groups, rows of PostgreSQL."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bus import topics
from bus.avro.decoding import Decoder
from bus.config import BusConfig
from bus.reading.group_positions import GroupPositions
from bus.reading.offsets import TopicPartition
from bus.reading.topic_reader import TopicReader
from queries.flow import ArrowSource, Reached, from_epoch
from queries.table_snapshot import table_snapshot

# Whoever looks at a screen waits for it.
_ANSWER_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True)
class ArrowNames:
    """What the arrows are called, and who reads on each; ``groups``: by arrow, the consumer group of the changes."""

    intake: str
    merge: str
    rating: str
    release: str
    postgres: str
    groups: Mapping[str, str]
    delivers: Mapping[str, str]
    """By arrow, the topic that its receiver's messages or receipts are written to."""


def arrow_sources(
    config: BusConfig, dsn: str, names: ArrowNames, inputs: Sequence[str], tables: Sequence[str], decode: Decoder
) -> tuple[ArrowSource, ...]:
    """Return the sources in the order of the flow; ``inputs`` are the merge's topics, ``tables`` PostgreSQL's.

    Raises Unavailable when the broker does not name the partitions.
    """
    reader = TopicReader(config)
    read = reader.partitions(inputs)
    rated, rated_to = reader.partitions(topics.RATING_INPUTS), reader.partitions((topics.RATING_POSITION,))
    released, released_to = reader.partitions(topics.RELEASE_INPUTS), reader.partitions((topics.RELEASE_POSITION,))
    changes, positions, rows = (reader.partitions(of) for of in ((topics.CHANGE,), (topics.POSITION,), tables))

    def written(partitions: Sequence[TopicPartition]) -> Callable[[], datetime | None]:
        return lambda: from_epoch(reader.last_written_at(partitions))

    def group(name: str) -> Callable[[], Reached]:
        of_group = GroupPositions(config, name)
        return lambda: of_group.committed(changes, _ANSWER_WITHIN_S)

    def pushed() -> Reached:
        return {key: end.high for key, end in reader.ends(read, stable=True).items()}

    def stored() -> Reached:
        with table_snapshot(dsn) as snapshot:
            kept = snapshot.positions()
        return {key: kept.get((config.topic(key.topic), key.partition), 0) for key in rows}

    return (
        ArrowSource(names.intake, pushed, written(read)),
        # Each batch of the merge ends with its position.
        ArrowSource(names.merge, MergedPositions(reader, decode, read, positions), written(positions)),
        ArrowSource(names.rating, MergedPositions(reader, decode, rated, rated_to), written(rated_to)),
        ArrowSource(names.release, MergedPositions(reader, decode, released, released_to), written(released_to)),
        # The database keeps no time beside a position.
        ArrowSource(names.postgres, stored, written(rows), stamps_delivery=False),
        *(
            ArrowSource(arrow, group(name), written(reader.partitions((names.delivers[arrow],))))
            for arrow, name in names.groups.items()
        ),
    )


@dataclass(slots=True)
class MergedPositions:
    """The positions of a processor, which publishes them itself; what came since is read."""

    reader: TopicReader
    decode: Decoder
    inputs: Sequence[TopicPartition]
    partitions: Sequence[TopicPartition]
    _read_to: dict[TopicPartition, int] = field(default_factory=dict)
    _reached: dict[TopicPartition, int] = field(default_factory=dict)

    def __call__(self) -> Reached:
        """Return the next offset of each input; 0 where none was read."""
        ends = self.reader.ends(self.partitions, stable=True)
        starts = {key: self._read_to.get(key, 0) for key in self.partitions}
        for message in self.reader.read(starts, ends):
            position = self.decode(message.value() or b"")
            self._reached[TopicPartition(position["topic"], position["partition"])] = position["next_offset"]
        self._read_to = {key: end.high for key, end in ends.items()}
        return {key: self._reached.get(key, 0) for key in self.inputs}
