"""How each arrow moves, seen from outside of the processes: committed positions against the broker's offsets."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from bus.config import BusConfig
from bus.reading.lag import LagReader, Waiting
from bus.reading.offsets import TopicPartition
from catalogue.errors import HubError
from catalogue.plain_values import moment

Reached = Mapping[TopicPartition, int]
"""The next offset that an arrow will read of each partition."""


@dataclass(frozen=True, slots=True)
class ArrowSource:
    """Where to ask how an arrow is: the positions that it committed, and when it last delivered.

    Not ``stamps_delivery``: the time is that of its newest input, and says something only when nothing waits.
    """

    name: str
    reached: Callable[[], Reached]
    delivered_at: Callable[[], datetime | None]
    stamps_delivery: bool = True


@dataclass(frozen=True, slots=True)
class ArrowFlow:
    """How one arrow moves at one moment.

    ``rate_per_s``: offsets a second since the look before, markers of transactions included; None at the first look.
    ``pending``: messages that wait, and at most as many markers. ``problem``: why it could not be seen, else "".
    """

    arrow: str
    rate_per_s: float | None
    pending: int
    oldest_s: float | None
    delivered_at: datetime | None
    problem: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the flow for JSON; times in seconds, moments in Beijing time."""
        return {
            "arrow": self.arrow,
            "rate_per_s": None if self.rate_per_s is None else round(self.rate_per_s, 1),
            "pending": self.pending,
            "oldest_s": None if self.oldest_s is None else round(self.oldest_s, 1),
            "delivered_at": None if self.delivered_at is None else moment(self.delivered_at),
            "problem": self.problem,
        }


class PositionsAt(NamedTuple):
    """Where an arrow stood, at a time in seconds since the epoch."""

    at_s: float
    reached: Reached


class FlowWatch:
    """Looks at the arrows, again and again; its clients are kept. Not thread-safe."""

    def __init__(
        self, config: BusConfig, sources: tuple[ArrowSource, ...], clock: Callable[[], float] = time.time
    ) -> None:
        self._sources, self._clock = sources, clock
        # Each arrow has positions of its own in the same partitions, and a reader remembers one for each.
        self._readers = {source.name: LagReader(config) for source in sources}
        self._before: dict[str, PositionsAt] = {}

    def close(self) -> None:
        """Close the clients."""
        for reader in self._readers.values():
            reader.close()

    def look(self) -> list[ArrowFlow]:
        """Return how the arrows move now. One that cannot be seen says why; the others are told all the same."""
        return [self._seen(source) for source in self._sources]

    def _seen(self, source: ArrowSource) -> ArrowFlow:
        try:
            now = PositionsAt(self._clock(), source.reached())
            waiting = self._readers[source.name].waiting(now.reached)
            delivered_at = source.delivered_at()
        except HubError as problem:
            return ArrowFlow(source.name, None, 0, None, None, problem.message)
        before, self._before[source.name] = self._before.get(source.name), now
        return flow_of(source, before, now, waiting, delivered_at)


def flow_of(
    source: ArrowSource,
    before: PositionsAt | None,
    now: PositionsAt,
    waiting: Mapping[TopicPartition, Waiting | None],
    delivered_at: datetime | None,
) -> ArrowFlow:
    """Return an arrow's flow from two looks at its positions and from what waits behind them.

    A partition that is left out of ``waiting`` could not be looked at.
    """
    rate = None
    if before is not None and now.at_s > before.at_s:
        # A position that went back (a topic or a group made anew) is no negative speed.
        moved = sum(max(0, offset - before.reached.get(key, offset)) for key, offset in now.reached.items())
        rate = moved / (now.at_s - before.at_s)
    backlog = [partition for partition in waiting.values() if partition is not None]
    oldest = min((partition.written_at for partition in backlog), default=None)
    unseen = len(now.reached.keys() - waiting.keys())
    return ArrowFlow(
        arrow=source.name,
        rate_per_s=rate,
        pending=sum(partition.messages for partition in backlog),
        oldest_s=None if oldest is None else max(0.0, now.at_s - oldest),
        delivered_at=delivered_at if source.stamps_delivery or not (backlog or unseen) else None,
        problem=f"Kafka sent nothing of {unseen} partitions in time." if unseen else "",
    )


def from_epoch(seconds: float | None) -> datetime | None:
    """Return a moment from seconds since the epoch."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
