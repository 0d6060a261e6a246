"""What is on its way, found cheaply: the positions of every stage against the ends of what it reads."""

import time
from collections.abc import Callable, Mapping

from bus import topics
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.reading.offsets import TopicPartition
from bus.reading.topic_reader import TopicReader
from catalogue.errors import Unavailable
from proofs.reconcile import database
from proofs.reconcile.findings import MERGE, POSTGRES, UPSTREAM, bank_arrow
from proofs.reconcile.positions import merge_positions
from proofs.reconcile.proof import Scope
from proofs.reconcile.reading import Plain

# Offsets count the ends of transactions, too: only a reading tells these from events, and only of a short rest.
_READ_AT_MOST = 2000
_POLL_S = 0.3


def wait_until_nothing_waits(look: Callable[[], "Lag"], wait_s: float, say: Callable[[str], None]) -> bool:
    """Wait ``wait_s`` seconds at most, telling ``say`` for what; return whether nothing was on its way in the end.

    ``look`` makes what asks, with clients of its own.
    """
    deadline = time.monotonic() + wait_s
    lag: Lag | None = None
    while time.monotonic() < deadline:
        try:
            lag = lag or look()
            waiting = {arrow: count for arrow, count in lag.waiting().items() if count}
        except Unavailable as exc:
            # Leaders move for some seconds after a broker came back: that is part of what is waited for. A client
            # that knew the former ones may be refused for ever (FENCED_LEADER_EPOCH), so the next look has new ones.
            lag = None
            say(f"waiting: {exc.message}")
        else:
            if not waiting:
                return True
            say("waiting for " + ", ".join(f"{arrow} {count:,}" for arrow, count in waiting.items()))
        time.sleep(_POLL_S)
    return False


class Lag:
    """Asks again and again; ``waiting`` says how much each stage has still to read."""

    def __init__(self, config: BusConfig, scope: Scope, registry: Registry) -> None:
        self._config, self._scope = config, scope
        self._reader, self._plain = TopicReader(config), Plain(registry)
        self._inputs = self._reader.partitions(topics.merge_inputs(scope.catalogue))
        self._positions = self._reader.partitions((topics.POSITION,))
        self._changes = self._reader.partitions((topics.CHANGE,))
        self._tables = self._reader.partitions((*database.TOPICS, topics.REJECTED, topics.UNRESOLVED))

    def waiting(self) -> dict[str, int]:
        """Return by arrow how many messages wait; what a stage publishes next is found by the next call.

        Up to a few thousand the number is exact, beyond that, and while a transaction is open, it counts the ends of
        transactions, too.
        """
        return {arrow: self._rest(positions()) for arrow, positions in self._stages().items()}

    def merging(self) -> int:
        """Return how many events the merge has still to read."""
        return self._rest(self._merge())

    def _stages(self) -> Mapping[str, Callable[[], Mapping[TopicPartition, int]]]:
        # In the order of the flow, so that a zero everywhere means that nothing was left behind.
        stages: dict[str, Callable[[], Mapping[TopicPartition, int]]] = {MERGE: self._merge}
        for bank in self._scope.banks:
            stages[bank_arrow(bank)] = self._reads(f"sink.bank.{bank}")
        if self._scope.upstream is not None:
            stages[UPSTREAM] = self._reads(self._scope.upstream_group)
        if self._scope.dsn is not None:
            stages[POSTGRES] = self._postgres
        return stages

    def _merge(self) -> Mapping[TopicPartition, int]:
        # A position that is not committed yet is not waited for: what it is of counts as waiting meanwhile.
        stable = self._reader.ends(self._positions, stable=True)
        held = merge_positions(self._reader, self._plain, self._positions, stable)
        return {place: held[place]["next_offset"] if place in held else 0 for place in self._inputs}

    def _reads(self, group: str) -> Callable[[], Mapping[TopicPartition, int]]:
        return lambda: self._reader.committed(group, self._changes)

    def _postgres(self) -> Mapping[TopicPartition, int]:
        with database.snapshot(self._scope.dsn or "", self._config.topic_prefix) as held:
            return {place: held.positions.get(place, 0) for place in self._tables}

    def _rest(self, starts: Mapping[TopicPartition, int]) -> int:
        ends = self._reader.ends(starts.keys())
        behind = {place: max(start, ends[place].low) for place, start in starts.items() if start < ends[place].high}
        rest = sum(ends[place].high - start for place, start in behind.items())
        if rest > _READ_AT_MOST:
            return rest
        stable = self._reader.ends(behind.keys(), stable=True)
        if any(stable[place].high < ends[place].high for place in behind):
            # Behind a transaction that is open nothing can be read. How long that is to be waited for is not said here.
            return rest
        return sum(1 for _ in self._reader.read(behind, ends))
