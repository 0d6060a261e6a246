"""The Faust app: one agent over every catalogue topic and the calendar, which hands batches to the engines."""

import asyncio
import logging
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import faust
from faust.types import TP

from bus import topics
from bus.cipher import Cipher
from bus.codec import Registry
from bus.config import BusConfig
from catalogue.avro import topic as catalogue_topic
from catalogue.model import Catalogue
from monitoring.metrics import BATCH, BATCH_EVENTS, EVENTS, LAG, NEWEST
from rules.indicators import load_indicators
from streams.engine import Engine, Message
from streams.transport import BatchTransport

log = logging.getLogger(__name__)


class MergeApp(faust.App):  # type: ignore[misc]
    """A Faust app whose positions are the engines' own."""

    def __init__(self, bus: BusConfig, folder: Path, cipher: Cipher, **more: Any) -> None:
        self.bus = bus
        self.cipher = cipher
        self.folder = folder
        self.engines: dict[int, Engine] = {}
        self.topics_read: tuple[str, ...] = ()
        # One for all engines, whose batches run one after another: each schema is asked for once.
        self.registry = Registry(bus)
        super().__init__(**more)

    def _new_transport(self) -> Any:
        return BatchTransport(self.conf.broker_consumer, self)

    async def positions(self, assigned: Iterable[TP]) -> dict[TP, int]:
        """Open the engines of the assigned partition numbers, close all others, and return where to read on."""
        tps = list(assigned)
        numbers = {tp.partition for tp in tps}
        loop = asyncio.get_running_loop()
        for number in [*self.engines]:
            # Each assignment may have had another owner before it: open anew, which fences and catches up.
            self.engines.pop(number).close()
        held: dict[int, dict[str, int]] = {}
        for number in sorted(numbers):
            engine = Engine(self.bus, number, self.folder, load_indicators(), self.registry, self.cipher)
            await loop.run_in_executor(None, engine.open)
            self.engines[number] = engine
            held[number] = engine.positions()
        return {tp: held[tp.partition].get(self.bare(tp.topic), 0) for tp in tps}

    def caught_up(self) -> None:
        """Tell the metrics that nothing waits."""
        for topic in self.topics_read:
            LAG.labels("merge", topic).set(0)

    def bare(self, topic: str) -> str:
        """Return a topic's name without the prefix."""
        return topic.removeprefix(self.bus.topic_prefix)


def create_app(bus: BusConfig, catalogue: Catalogue, folder: Path, cipher: Cipher, *, instance: str) -> MergeApp:
    """Build the app; ``instance`` is the worker's static membership, so that a restart moves no partition."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [*(catalogue_topic(c.id) for c in catalogue.categories), topics.CALENDAR]
    app = MergeApp(
        bus,
        folder,
        cipher,
        id=bus.topic("merge"),
        broker=f"kafka://{bus.bootstrap.replace(',', ';kafka://')}",
        datadir=str(folder / "faust"),
        topic_partitions=bus.partitions,
        topic_disable_leader=True,
        topic_allow_declare=False,
        table_standby_replicas=1,
        consumer_group_instance_id=instance,
        broker_session_timeout=6.0,
        broker_heartbeat_interval=1.5,
        broker_request_timeout=120.0,
        broker_max_poll_records=8000,
        stream_buffer_maxsize=2,
        stream_wait_empty=False,
        web_enabled=False,
    )
    app.topics_read = tuple(names)
    source = app.topic(
        *(bus.topic(n) for n in names),
        key_type=bytes,
        value_type=bytes,
        key_serializer="raw",
        value_serializer="raw",
    )

    @app.agent(source, name="merge")  # type: ignore[untyped-decorator]
    async def merge(stream: Any) -> None:
        loop = asyncio.get_running_loop()
        async for event in stream.events():
            number, batches = event.value
            engine = app.engines.get(number)
            if engine is None:
                # The number was taken away after the batch was fetched; its new owner reads it again.
                continue
            plain = {
                app.bare(topic): [Message(r.offset, r.value) for r in records] for topic, records in batches.items()
            }
            begun = time.monotonic()
            try:
                counts = await loop.run_in_executor(None, engine.process, plain)
            except Exception as exc:
                # Nothing was published. A fresh process fences, restores and reads the batch again.
                log.critical("partition %d failed, the worker stops: %s", number, exc, exc_info=True)
                logging.shutdown()
                # Not an exception: Faust would restart the agent beside an engine that lost its transaction.
                os._exit(70)
            _measure(batches, app, counts, time.monotonic() - begun)

    return app


def _measure(batches: Any, app: MergeApp, counts: Mapping[str, Mapping[str, int]], took_s: float) -> None:
    now = time.time()
    for name, records in batches.items():
        topic = app.bare(name)
        EVENTS.labels(topic, "in").inc(len(records))
        for outcome, count in counts[topic].items():
            EVENTS.labels(topic, outcome).inc(count)
        LAG.labels("merge", topic).set(now - records[0].timestamp / 1000)
        NEWEST.labels("merge", topic).set(records[-1].timestamp / 1000)
    BATCH.labels("merge").observe(took_s)
    BATCH_EVENTS.labels("merge").observe(sum(map(len, batches.values())))


def run(app: MergeApp, *, loglevel: str = "INFO") -> None:
    """Run the worker until it is told to stop."""
    worker = faust.Worker(app, loglevel=loglevel, redirect_stdouts=False)
    worker.execute_from_commandline()
