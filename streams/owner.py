"""Who owns which partition number in this worker: fenced and restored on assignment, batches taken, one at a time each.

Batches of different numbers are pipelined: one is worked on while the one before it is being acknowledged.
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
from typing import Any

from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.crypto.cipher import Cipher
from bus.deadline import GONE, deadline
from catalogue.errors import IntegrityError, Unavailable
from monitoring.metrics import BATCH, BATCH_EVENTS, EVENTS, LAG, NEWEST, RESTORED, STANDBYS
from processing.readiness import Readiness
from processing.store import condemn, is_corruption
from processing.transport.consumer import Batch
from rules.indicators.definitions import load_indicators
from streams.engine import Engine, Pending
from streams.merge.rolling import ByItem
from streams.restoring import check_positions
from streams.standby import Standby

log = logging.getLogger(__name__)
_RETRY_S = 2.0
# Longer than anything that ends by itself: a commit gives up after 60 s, what asks brokers after 30 s.
LET_GO_S = 90.0


@dataclass(slots=True)
class _Owned:
    engine: Engine
    restored: "asyncio.Task[None]"
    committing: "asyncio.Task[None] | None" = None


class Owner:
    """The engines of one worker. All its coroutines run in one event loop."""

    def __init__(self, bus: BusConfig, folder: Path, cipher: Cipher, inputs: Iterable[str]) -> None:
        self._bus, self._folder, self._cipher = bus, folder, cipher
        self._inputs = frozenset(inputs)
        # One for all engines: each schema is asked for once.
        self._registry = Registry(bus)
        self._indicators = tuple(load_indicators())
        self._owned: dict[int, _Owned] = {}
        self._busy = asyncio.Lock()
        # Work is bound to the processor, one batch at a time. Fencing, restoring and committing mostly wait.
        self._working = ThreadPoolExecutor(1, "merge")
        self._waiting = ThreadPoolExecutor(bus.partitions, "waiting")
        self.readiness = Readiness()
        by_item: ByItem = {}
        for i in self._indicators:
            by_item = {**by_item, i.item: (*by_item.get(i.item, ()), i)}
        self._standby = Standby(bus, self._place, by_item, self._restored("standby"))

    def _place(self, number: int) -> Path:
        return self._folder / f"partition-{number}"

    def _restored(self, process: str) -> Callable[[str, int], None]:
        def note(topic: str, count: int) -> None:
            RESTORED.labels(process, topic).inc(count)
            if process == "merge":
                self.readiness.progress()

        return note

    async def assign(
        self, assigned: Mapping[int, frozenset[str]], standbys: Iterable[int]
    ) -> dict[int, dict[str, int]]:
        """Take over partition numbers with the topics of each, and return where to read them on.

        A number without all topics is left alone: its events would be merged apart from each other. Each one is
        taken anew, because it may have had another owner since. Stores are restored in the background.
        """
        await self.release()
        refused = {n: _missing(self._inputs - topics) for n, topics in assigned.items() if topics != self._inputs}
        for number, reason in refused.items():
            log.error("partition %d is not processed: %s", number, reason)
        numbers = sorted(assigned.keys() - refused.keys())
        self.readiness.restarted(len(numbers), refused)
        self.readiness.recovering = dict.fromkeys(numbers, "fencing its former owner")
        fenced = await asyncio.gather(*(self._patiently(n, self._fenced) for n in numbers))
        engines: dict[int, Engine] = dict(zip(numbers, fenced, strict=True))
        for number, engine in engines.items():
            self._owned[number] = _Owned(engine, asyncio.create_task(self._restore(number, engine)))
        spare = set(standbys) - set(assigned)
        STANDBYS.set(len(spare))
        self._standby.follow(spare)
        return {number: engine.positions() for number, engine in engines.items()}

    async def release(self) -> None:
        """Finish what is under way and let go of every partition number; the process ends where that hangs."""
        async with self._busy:
            with deadline(LET_GO_S, "Letting partition numbers go"):
                owned, self._owned = [*self._owned.values()], {}
                for one in owned:
                    one.engine.abandon()
                under_way = [task for one in owned for task in (one.restored, one.committing) if task is not None]
                await asyncio.gather(*under_way)
                for one in owned:
                    await self._in(self._working, one.engine.close)
                await self._in(self._waiting, self._standby.stop)

    async def settle(self) -> None:
        """Wait until nothing is under way: whoever takes over then fences nobody in the middle of a batch."""
        async with self._busy:
            await asyncio.gather(*(o.committing for o in self._owned.values() if o.committing), return_exceptions=True)

    async def take(self, number: int, batches: Mapping[str, Batch]) -> None:
        """Merge one batch; returns when it is worked on, and its acknowledgement is awaited behind.

        A batch that begins behind our position leaves events out: the process ends, and its successor reads them. One
        of a number that is no longer ours is left to its owner; a service that is away is waited for.
        """
        while (owned := self._owned.get(number)) is not None:
            await asyncio.wait([owned.restored])
            async with self._busy:
                if self._owned.get(number) is not owned or not owned.restored.done():
                    continue
                if owned.committing is not None:
                    await owned.committing
                begun = time.monotonic()
                positions = owned.engine.positions()
                for topic, batch in batches.items():
                    if batch.since > positions.get(topic, 0):
                        self._fail(number, _left_out(number, topic, positions.get(topic, 0), batch.since))
                todo = _beyond(positions, batches)
                if not todo:
                    return
                self.readiness.begin(min(records[0].timestamp for records in todo.values()) / 1000)
                try:
                    pending = await self._in(self._working, partial(owned.engine.work, todo))
                except Unavailable as exc:
                    # Nothing of the batch was published. It is worked on again when what is away is back.
                    log.warning("partition %d waits: %s", number, exc)
                    self.readiness.waiting_for = str(exc)
                    await self._in(self._working, owned.engine.close)
                    owned.restored = asyncio.create_task(self._anew(number, owned))
                    continue
                except Exception as exc:
                    self._fail(number, exc)
                    raise
                owned.committing = asyncio.create_task(self._commit(number, owned, pending, todo, begun))
                return

    async def _commit(
        self, number: int, owned: _Owned, pending: Pending, batches: Mapping[str, list[Any]], begun: float
    ) -> None:
        try:
            with deadline(LET_GO_S, "A transaction's commit"):
                await self._in(self._waiting, partial(owned.engine.commit, pending))
        except Exception as exc:
            self._fail(number, exc)
        self.readiness.progress()
        _measure(batches, pending.counts, time.monotonic() - begun)

    async def _anew(self, number: int, owned: _Owned) -> None:
        await asyncio.sleep(_RETRY_S)
        if not owned.engine.abandoned:
            owned.engine, owned.committing = await self._patiently(number, self._fenced), None
            await self._restore(number, owned.engine)

    def _fenced(self, number: int) -> Engine:
        engine = Engine(
            self._bus, number, self._folder, self._indicators, self._registry, self._cipher, self.readiness.progress
        )
        engine.fence()
        check_positions(self._bus, number, engine.positions(), self._inputs)
        return engine

    async def _restore(self, number: int, engine: Engine) -> None:
        def restore(_: int) -> None:
            if engine.abandoned:
                return
            try:
                engine.restore(self._restored("merge"))
            except Unavailable:
                engine.close()
                if not engine.abandoned:
                    raise

        self.readiness.recovering[number] = "restoring its store"
        begun = time.monotonic()
        await self._patiently(number, restore)
        if not engine.abandoned:
            self.readiness.recovering.pop(number, None)
            self.readiness.waiting_for = ""
            log.info("partition %d is restored after %.1f s", number, time.monotonic() - begun)

    async def _patiently(self, number: int, step: Callable[[int], Any]) -> Any:
        """Take a step, again and again while what it needs is away."""
        while True:
            try:
                return await self._in(self._waiting, partial(step, number))
            except Unavailable as exc:
                log.warning("partition %d waits: %s", number, exc)
                self.readiness.recovering[number] = f"waiting: {exc.message}"
                await asyncio.sleep(_RETRY_S)
            except Exception as exc:
                self._fail(number, exc)

    async def _in(self, pool: ThreadPoolExecutor, step: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(pool, step)

    def _fail(self, number: int, problem: Exception) -> None:
        if is_corruption(problem):
            condemn(self._place(number))
        log.critical("partition %d failed, the worker stops: %s", number, problem, exc_info=problem)
        logging.shutdown()
        # Not an exception: Faust would restart the agent beside an engine that lost its transaction.
        os._exit(GONE)


def _left_out(number: int, topic: str, position: int, since: int) -> IntegrityError:
    return IntegrityError(
        f"{topic}[{number}]: merged up to offset {position}, but the next batch begins at {since}: events between "
        "them were fetched and not handed over.",
        remedy="None is needed: this worker ends, and reads them when it starts again.",
    )


def _beyond(positions: Mapping[str, int], batches: Mapping[str, Batch]) -> dict[str, list[Any]]:
    """Return what of the batches was not merged before, by us or by an owner in between."""
    todo: dict[str, list[Any]] = {}
    for topic, (_, records) in batches.items():
        position = positions.get(topic, 0)
        if records[-1].offset >= position:
            todo[topic] = records if records[0].offset >= position else [r for r in records if r.offset >= position]
    return todo


def _missing(topics: Iterable[str]) -> str:
    return (
        f"this worker is given its number without {', '.join(sorted(topics))}. "
        "Do all workers run the same version? They must all know the same topics."
    )


def _measure(batches: Mapping[str, list[Any]], counts: Mapping[str, Mapping[str, int]], took_s: float) -> None:
    now = time.time()
    for topic, records in batches.items():
        EVENTS.labels(topic, "in").inc(len(records))
        for outcome, count in counts[topic].items():
            EVENTS.labels(topic, outcome).inc(count)
        LAG.labels("merge", topic).set(now - records[0].timestamp / 1000)
        NEWEST.labels("merge", topic).set(records[-1].timestamp / 1000)
    BATCH.labels("merge").observe(took_s)
    BATCH_EVENTS.labels("merge").observe(sum(map(len, batches.values())))
