"""What is on its way, found cheaply: the position of every stage against the end of what it reads."""

import time
from collections.abc import Callable, Mapping

from bus import topics
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.reading.offsets import TopicPartition
from bus.reading.topic_reader import TopicReader
from catalogue.errors import Unavailable
from proofs.reconcile import database
from proofs.reconcile.decoding import PlainDecoder
from proofs.reconcile.findings import MERGE, POSTGRES, RELEASE, UPSTREAM
from proofs.reconcile.positions import merge_positions
from proofs.reconcile.proof import ProofScope

# Offsets count the ends of transactions, too. Only reading tells these from events, so a short rest is read.
_READ_AT_MOST = 2000
_POLL_S = 0.3


def wait_until_nothing_waits(new_lag: Callable[[], "Lag"], wait_s: float, say: Callable[[str], None]) -> bool:
    """Wait at most ``wait_s`` seconds until nothing is on its way; return whether that was reached.

    ``new_lag`` makes a lag with clients of its own. ``say`` is called with what is waited for.
    """
    deadline = time.monotonic() + wait_s
    lag: Lag | None = None
    while time.monotonic() < deadline:
        try:
            lag = lag or new_lag()
            waiting = {arrow: count for arrow, count in lag.waiting().items() if count}
        except Unavailable as exc:
            # After a broker came back leaders move for some seconds, which is part of what is waited for. A client that
            # knew the former leaders may be refused for ever (FENCED_LEADER_EPOCH): the next attempt has new clients.
            lag = None
            say(f"waiting: {exc.message}")
        else:
            if not waiting:
                return True
            say("waiting for " + ", ".join(f"{arrow} {count:,}" for arrow, count in waiting.items()))
        time.sleep(_POLL_S)
    return False


class Lag:
    """Says how much each stage has still to read; its clients are kept, so that asking again is cheap."""

    def __init__(self, config: BusConfig, scope: ProofScope, registry: Registry) -> None:
        self._config, self._scope = config, scope
        self._reader, self._plain = TopicReader(config), PlainDecoder(registry)
        of = self._reader.partitions
        self._inputs, self._positions = of(topics.merge_inputs(scope.catalogue)), of((topics.POSITION,))
        is_released = scope.release
        self._release_inputs = of(topics.RELEASE_INPUTS) if is_released else []
        self._release_positions = of((topics.RELEASE_POSITION,)) if is_released else []
        self._changes = self._reader.partitions((topics.CHANGE,))
        self._tables = self._reader.partitions((*database.TOPICS, topics.REJECTED, topics.UNRESOLVED))

    def waiting(self) -> dict[str, int]:
        """Return by arrow how many messages wait. What a stage publishes next is found by the next call.

        Up to a few thousand the number is exact, beyond that, and while a transaction is open, it counts the ends of
        transactions, too.
        """
        return {arrow: self._unread(positions()) for arrow, positions in self._stages().items()}

    def merging(self) -> int:
        """Return how many events the merge has still to read."""
        return self._unread(self._merge())

    def _stages(self) -> Mapping[str, Callable[[], Mapping[TopicPartition, int]]]:
        # In the order of the flow: each stage is asked after the one before it, so zero everywhere means all arrived.
        stages: dict[str, Callable[[], Mapping[TopicPartition, int]]] = {MERGE: self._merge}
        if self._scope.release:
            # Of banks nothing is to be asked: what the release told them is there in the transaction that says so.
            stages[RELEASE] = lambda: self._positions_of(self._release_positions, self._release_inputs)
        if self._scope.upstream is not None:
            stages[UPSTREAM] = self._reads(self._scope.upstream_group)
        if self._scope.dsn is not None:
            stages[POSTGRES] = self._postgres
        return stages

    def _merge(self) -> Mapping[TopicPartition, int]:
        return self._positions_of(self._positions, self._inputs)

    def _positions_of(
        self, partitions: list[TopicPartition], inputs: list[TopicPartition]
    ) -> Mapping[TopicPartition, int]:
        # A position that is not committed yet is not waited for: its events count as waiting meanwhile.
        stable = self._reader.ends(partitions, stable=True)
        positions = merge_positions(self._reader, self._plain, partitions, stable)
        return {source: positions[source]["next_offset"] if source in positions else 0 for source in inputs}

    def _reads(self, group: str) -> Callable[[], Mapping[TopicPartition, int]]:
        return lambda: self._reader.committed(group, self._changes)

    def _postgres(self) -> Mapping[TopicPartition, int]:
        with database.snapshot(self._scope.dsn or "", self._config.topic_prefix) as snapshot:
            return {source: snapshot.positions.get(source, 0) for source in self._tables}

    def _unread(self, starts: Mapping[TopicPartition, int]) -> int:
        ends = self._reader.ends(starts.keys())
        behind = {source: max(start, ends[source].low) for source, start in starts.items() if start < ends[source].high}
        waiting = sum(ends[source].high - start for source, start in behind.items())
        if waiting > _READ_AT_MOST:
            return waiting
        stable = self._reader.ends(behind.keys(), stable=True)
        if any(stable[source].high < ends[source].high for source in behind):
            # Nothing behind an open transaction can be read. The caller decides how long to wait for its end.
            return waiting
        return sum(1 for _ in self._reader.read(behind, ends))
