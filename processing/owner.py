"""Which partitions this worker owns: fenced and restored on assignment, then worked on, one batch at a time each.

Batches of different partitions are pipelined: one is worked on while the one before it is being acknowledged.
"""

import asyncio
import logging
import os
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.crypto.cipher import Cipher
from bus.deadline import GONE, deadline
from bus.reading.offsets import TopicPartition
from catalogue.errors import Unavailable
from monitoring.metrics import BATCH, BATCH_EVENTS, DELIVERED_AT, NEWEST, OUTCOMES, RECEIVED, RESTORED, STANDBYS
from processing.batches import Batch, not_yet_processed, refuse_left_out
from processing.partition import FencedPartition, Pending, RestoredPartition, Runtime, fence
from processing.positions import check_positions
from processing.processor import Processor
from processing.readiness import Readiness
from processing.standby import Standby
from processing.store import condemn, is_corruption

log = logging.getLogger(__name__)
_RETRY_S = 2.0
# Longer than anything that ends by itself: a commit gives up after 60 s, what asks brokers after 30 s.
LET_GO_S = 90.0
_T = TypeVar("_T")


@dataclass(slots=True)
class _Owned:
    """A partition that is ours. ``restored`` ends with None when the partition was abandoned before."""

    restored: "asyncio.Task[RestoredPartition | None]"
    committing: "asyncio.Task[None] | None" = None


class Owner:
    """The partitions of one worker. All its coroutines run in one event loop."""

    def __init__(
        self, config: BusConfig, processor: Processor, registry: Registry, cipher: Cipher, folder: Path
    ) -> None:
        self.readiness = Readiness()
        self._runtime = Runtime(config, processor, registry, cipher, folder, self.readiness.progress)
        self._inputs = frozenset(processor.inputs)
        self._owned: dict[int, _Owned] = {}
        self._reached: dict[TopicPartition, int] = {}
        # Partitions that are to be let go: their restoring, which runs in other threads, ends soon.
        self._abandoned: set[int] = set()
        self._busy = asyncio.Lock()
        self._is_settled = False
        # Working on a batch takes the CPU, so one thread does it. Everything else mostly waits.
        self._working = ThreadPoolExecutor(1, processor.name)
        self._waiting = ThreadPoolExecutor(config.partitions, "waiting")
        self._standby = Standby(self._runtime, _count_restored("standby"))

    def reached(self) -> dict[TopicPartition, int]:
        """Return the next offset of each input partition that is owned, as last committed; from any thread."""
        return dict(self._reached)

    async def assign(
        self, assigned: Mapping[int, frozenset[str]], standbys: Iterable[int]
    ) -> dict[int, dict[str, int]]:
        """Take over partitions with the topics of each, and return where to read them on.

        One without all topics is left alone: its events would be worked on apart from each other. Each is taken anew,
        for it may have had another owner. Stores are restored in the background.
        """
        await self.release()
        refused = {n: _missing(self._inputs - topics) for n, topics in assigned.items() if topics != self._inputs}
        for partition, reason in refused.items():
            log.error("partition %d is not processed: %s", partition, reason)
        partitions = sorted(assigned.keys() - refused.keys())
        self.readiness.restarted(len(partitions), refused)
        self.readiness.recovering = dict.fromkeys(partitions, "fencing its former owner")
        fenced_partitions = await asyncio.gather(*(self._fence(p) for p in partitions))
        for fenced_partition in fenced_partitions:
            offsets = fenced_partition.next_offsets()
            for topic in self._inputs:
                self._reached[TopicPartition(topic, fenced_partition.partition)] = offsets.get(topic, 0)
            self._owned[fenced_partition.partition] = _Owned(asyncio.create_task(self._restore(fenced_partition)))
        self._is_settled = False
        spare = set(standbys) - set(assigned)
        log.info("partitions assigned: %s; kept warm for others: %s", partitions or "none", sorted(spare) or "none")
        STANDBYS.labels(self._runtime.processor.name).set(len(spare))
        self._standby.follow(spare)
        return {fenced_partition.partition: fenced_partition.next_offsets() for fenced_partition in fenced_partitions}

    async def release(self) -> None:
        """Finish what is under way and let go of every partition; the process ends where that hangs."""
        async with self._busy:
            with deadline(LET_GO_S, "Letting partitions go"):
                owned, self._owned, self._reached = self._owned, {}, {}
                self._abandoned.update(owned)
                await asyncio.gather(*(o.committing for o in owned.values() if o.committing is not None))
                for partition in await asyncio.gather(*(o.restored for o in owned.values())):
                    if partition is not None:
                        await _in(self._working, partition.close)
                self._abandoned.clear()
                await _in(self._waiting, self._standby.stop)

    async def settle(self) -> None:
        """Begin nothing until the next assignment, and wait for what is under way: so nobody is fenced amid a batch."""
        async with self._busy:
            self._is_settled = True
            await asyncio.gather(*(o.committing for o in self._owned.values() if o.committing), return_exceptions=True)

    async def take(self, partition: int, batches: Mapping[str, Batch]) -> None:
        """Work on one batch of a partition; returns when it is worked on, and its commit is awaited behind.

        A batch that begins behind our position leaves events out: the process ends, and its successor reads them. One
        of a partition that is no longer ours is left to its owner; a service that is away is waited for.
        """
        while (owned := self._owned.get(partition)) is not None:
            await asyncio.wait([owned.restored])
            async with self._busy:
                if self._is_settled:
                    return
                if self._owned.get(partition) is not owned or not owned.restored.done():
                    continue
                restored = owned.restored.result()
                if restored is None:
                    return
                if owned.committing is not None:
                    await owned.committing
                begun = time.monotonic()
                try:
                    refuse_left_out(partition, restored.next_offsets(), batches)
                    todo = not_yet_processed(restored.next_offsets(), batches)
                    if not todo:
                        return
                    self.readiness.begin(min(records[0].timestamp for records in todo.values()) / 1000)
                    pending = await _in(self._working, partial(restored.work, todo))
                except Unavailable as exc:
                    # Nothing of the batch was published: it is worked on again.
                    await self._take_back(partition, owned, restored, exc)
                    continue
                except Exception as exc:
                    _fail(self._runtime, partition, exc)
                owned.committing = asyncio.create_task(self._commit(restored, pending, todo, begun))
                return

    async def work_due(self) -> None:
        """Let each partition publish what is due without a batch; one that is not restored yet is passed over."""
        for partition, owned in list(self._owned.items()):
            async with self._busy:
                if self._is_settled or self._owned.get(partition) is not owned or not owned.restored.done():
                    continue
                restored = owned.restored.result()
                # No batch is worked on now, so the task may be asked here: an idle worker starts no thread for it.
                if restored is None or not restored.is_due():
                    continue
                if owned.committing is not None:
                    await owned.committing
                try:
                    await _in(self._working, restored.work_due)
                except Unavailable as exc:
                    await self._take_back(partition, owned, restored, exc)
                except Exception as exc:
                    _fail(self._runtime, partition, exc)

    async def _take_back(
        self, partition: int, owned: _Owned, restored: RestoredPartition, problem: Unavailable
    ) -> None:
        """Fence and restore a partition anew, of whose work nothing was published, when what is away is back."""
        log.warning("partition %d waits: %s", partition, problem)
        self.readiness.waiting_for = str(problem)
        await _in(self._working, restored.close)
        owned.committing = None
        owned.restored = asyncio.create_task(self._anew(partition))

    async def _commit(
        self, partition: RestoredPartition, pending: Pending, batches: Mapping[str, list[Any]], begun: float
    ) -> None:
        try:
            with deadline(LET_GO_S, "A transaction's commit"):
                await _in(self._waiting, partial(partition.commit, pending))
        except Exception as exc:
            _fail(self._runtime, partition.partition, exc)
        self.readiness.progress()
        for topic, records in batches.items():
            self._reached[TopicPartition(topic, partition.partition)] = records[-1].offset + 1
        _measure(self._runtime.processor.name, batches, pending.outcomes, time.monotonic() - begun)

    async def _anew(self, partition: int) -> RestoredPartition | None:
        await asyncio.sleep(_RETRY_S)
        if partition in self._abandoned:
            return None
        return await self._restore(await self._fence(partition))

    async def _fence(self, partition: int) -> FencedPartition:
        def step() -> FencedPartition:
            fenced = fence(self._runtime, partition)
            check_positions(self._runtime.config, partition, fenced.next_offsets(), self._inputs)
            return fenced

        return await self._patiently(partition, step)

    async def _restore(self, fenced: FencedPartition) -> RestoredPartition | None:
        partition, count = fenced.partition, _count_restored(self._runtime.processor.name)

        def note(topic: str, restored: int) -> None:
            if partition in self._abandoned:
                raise Unavailable(f"Partition {partition} was given away while it was restored.")
            count(topic, restored)
            self.readiness.progress()

        def step() -> RestoredPartition | None:
            try:
                return None if partition in self._abandoned else fenced.restore(note)
            except Unavailable:
                if partition in self._abandoned:
                    return None
                raise

        self.readiness.recovering[partition] = "restoring its store"
        begun = time.monotonic()
        restored = await self._patiently(partition, step)
        if restored is not None and partition not in self._abandoned:
            self.readiness.recovering.pop(partition, None)
            self.readiness.waiting_for = ""
            log.info("partition %d is restored after %.1f s", partition, time.monotonic() - begun)
        return restored

    async def _patiently(self, partition: int, step: Callable[[], _T]) -> _T:
        """Take a step, again and again while what it needs is away."""
        while True:
            try:
                return await _in(self._waiting, step)
            except Unavailable as exc:
                log.warning("partition %d waits: %s", partition, exc)
                self.readiness.recovering[partition] = f"waiting: {exc.message}"
                await asyncio.sleep(_RETRY_S)
            except Exception as exc:
                _fail(self._runtime, partition, exc)


async def _in(pool: ThreadPoolExecutor, step: Callable[[], _T]) -> _T:
    return await asyncio.get_running_loop().run_in_executor(pool, step)


def _count_restored(stage: str) -> Callable[[str, int], None]:
    return lambda topic, count: RESTORED.labels(stage, topic).inc(count)


def _fail(runtime: Runtime, partition: int, problem: Exception) -> NoReturn:
    if is_corruption(problem):
        condemn(runtime.store_path(partition))
    log.critical("partition %d failed, the worker stops: %s", partition, problem, exc_info=problem)
    logging.shutdown()
    # Not an exception: Faust would restart the agent beside a partition that lost its transaction.
    os._exit(GONE)


def _missing(topics: Iterable[str]) -> str:
    return (
        f"this worker is given the partition without {', '.join(sorted(topics))}. "
        "Do all workers run the same version? They must all know the same topics."
    )


def _measure(
    processor: str, batches: Mapping[str, list[Any]], outcomes: Mapping[str, Mapping[str, int]], took_s: float
) -> None:
    for topic, records in batches.items():
        RECEIVED.labels(processor, topic).inc(len(records))
        for outcome, count in outcomes[topic].items():
            OUTCOMES.labels(processor, topic, outcome).inc(count)
        NEWEST.labels(processor, topic).set(records[-1].timestamp / 1000)
    DELIVERED_AT.labels(processor).set_to_current_time()
    BATCH.labels(processor).observe(took_s)
    BATCH_EVENTS.labels(processor).observe(sum(map(len, batches.values())))
