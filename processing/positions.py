"""Where a processor reads on in each input, and what became of the messages before it (decision 1).

Positions are published in the transactions that publish what was made of the messages; the group's commits are for
display.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from bus.avro.decoding import Decoder
from bus.config import BusConfig
from bus.reading.offsets import Watermarks, watermarks
from bus.reading.scan import scan
from catalogue.errors import IntegrityError
from processing.output import OUTCOMES


class Position(NamedTuple):
    """The next offset to read of an input, and how often each outcome was met before it, in the order of OUTCOMES."""

    next_offset: int = 0
    counts: tuple[int, ...] = (0,) * len(OUTCOMES)

    def moved(self, next_offset: int, outcomes: Mapping[str, int]) -> "Position":
        """Return the position behind a batch whose messages had these outcomes."""
        return Position(next_offset, tuple(n + outcomes[o] for o, n in zip(OUTCOMES, self.counts, strict=True)))

    def wire(self, topic: str, partition: int) -> dict[str, str | int]:
        """Return the fields of ``wire.POSITION``."""
        counts = dict(zip(OUTCOMES, self.counts, strict=True))
        return {"topic": topic, "partition": partition, "next_offset": self.next_offset, **counts}


def read_positions(config: BusConfig, topic: str, partition: int, decode: Decoder) -> dict[str, Position]:
    """Return the position of each input that was ever read, from a processor's topic of positions.

    Raises Unavailable when the broker or the registry is away.
    """
    positions: dict[str, Position] = {}
    for message in scan(config, topic, partitions=[partition]):
        fields = decode(message.value())
        positions[fields["topic"]] = Position(fields["next_offset"], tuple(fields[outcome] for outcome in OUTCOMES))
    return positions


def check_positions(config: BusConfig, partition: int, positions: Mapping[str, int], inputs: Iterable[str]) -> None:
    """Raise IntegrityError when events were deleted before they were read, or were read and no longer exist."""
    for (topic, _), end in watermarks(config, ((topic, partition) for topic in inputs)).items():
        _refuse_gap(f"{topic}[{partition}]", positions.get(topic, 0), end)


def _refuse_gap(topic_partition: str, position: int, end: Watermarks) -> None:
    if position < end.low:
        raise IntegrityError(
            f"{topic_partition}: the next event to merge is offset {position}, but the broker keeps offsets from"
            f" {end.low} on: {end.low - position} offsets were deleted before they were merged.",
            remedy="Restore the topic from a backup, or send the submissions again that `credithub reconcile` names.",
        )
    if position > end.high:
        raise IntegrityError(
            f"{topic_partition}: events up to offset {position} were merged, but the broker's end is {end.high}: it"
            " lost some.",
            remedy="Restore the topic from a backup or a replica before the worker goes on.",
        )
