"""The Faust app of a processor: one agent over all inputs, which hands batches to the partitions' owner."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import faust
import faust.app.base
import faust.tables
from faust.types import TP

from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.crypto.cipher import Cipher
from bus.reading.lag_watch import LagWatch
from monitoring.health import ProcessHealth
from monitoring.metrics import begin_stage
from processing.output import OUTCOMES
from processing.owner import Owner
from processing.processor import Processor
from processing.transport import SCHEME

# How late a moment may come to a partition of which nothing else comes.
_DUE_EVERY_S = 1.0


class NoTables(faust.tables.TableManager):  # type: ignore[misc]
    """Faust waits a second for tables to be declared. There are none: the stores are our own."""

    async def on_start(self) -> None:
        """Begin at once."""
        if not self.should_stop:
            await self._update_channels()
            await self.recovery.start()


class NoProducer(faust.app.base.BootStrategy):  # type: ignore[misc]
    """Faust starts a producer that nobody would use: what a processor publishes is its transactions (decision 1)."""

    enable_kafka_producer = False


class ProcessorApp(faust.App):  # type: ignore[misc]
    """A Faust app that runs a processor; the positions are those of its transactions."""

    BootStrategy = NoProducer

    def __init__(self, bus: BusConfig, processor: Processor, owner: Owner, **more: Any) -> None:
        self.bus, self.processor, self.owner = bus, processor, owner
        self.leading = frozenset(map(bus.topic, processor.leading))
        super().__init__(**more)

    async def positions(self, assigned: Iterable[TP]) -> dict[TP, int]:
        """Take over the assigned partitions and return where to read on; called by the transport."""
        tps = list(assigned)
        topics_of: dict[int, set[str]] = {}
        for tp in tps:
            topics_of.setdefault(tp.partition, set()).add(self.bare(tp.topic))
        standbys = {tp.partition for tp in self.assignor.assigned_standbys()}
        offsets = await self.owner.assign({n: frozenset(t) for n, t in topics_of.items()}, standbys)
        return {tp: offsets.get(tp.partition, {}).get(self.bare(tp.topic), 0) for tp in tps}

    def caught_up(self, heard_at_s: float) -> None:
        """Note that nothing waited when the broker was last heard; called by the transport."""
        self.owner.readiness.caught_up(heard_at_s)

    def readiness(self) -> ProcessHealth:
        """Return how this worker is, with the reason."""
        return self.owner.readiness.verdict()

    def bare(self, topic: str) -> str:
        """Return a topic's name without the prefix."""
        return topic.removeprefix(self.bus.topic_prefix)


def create_app(
    bus: BusConfig, processor: Processor, registry: Registry, cipher: Cipher, folder: Path, *, instance: str
) -> ProcessorApp:
    """Build the app of a processor, whose stores lie in ``folder``.

    ``instance`` is the worker's static membership of the group, so that a restart moves no partition. ``cipher`` seals
    what cannot be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    app = ProcessorApp(
        bus,
        processor,
        Owner(bus, processor, registry, cipher, folder),
        id=bus.topic(processor.name),
        broker=";".join(f"{SCHEME}://{server}" for server in bus.bootstrap.split(",")),
        datadir=str(folder / "faust"),
        topic_partitions=bus.partitions,
        topic_disable_leader=True,
        topic_allow_declare=False,
        table_standby_replicas=1,
        consumer_group_instance_id=instance,
        broker_session_timeout=6.0,
        broker_heartbeat_interval=1.5,
        broker_request_timeout=120.0,
        broker_max_poll_records=processor.most_records,
        stream_buffer_maxsize=1,
        stream_wait_empty=False,
        web_enabled=False,
        TableManager=NoTables,
    )
    source = app.topic(
        *(bus.topic(name) for name in processor.inputs),
        key_type=bytes,
        value_type=bytes,
        key_serializer="raw",
        value_serializer="raw",
    )

    @app.agent(source, name=processor.name)  # type: ignore[untyped-decorator]
    async def process(stream: Any) -> None:
        async for event in stream.events():
            for partition, batches in event.value.items():
                await app.owner.take(partition, {app.bare(topic): batch for topic, batch in batches.items()})

    @app.timer(_DUE_EVERY_S)  # type: ignore[untyped-decorator]
    async def work_due() -> None:
        await app.owner.work_due()

    @app.on_partitions_revoked.connect  # type: ignore[untyped-decorator]
    async def settle(*_: Any, **__: Any) -> None:
        await app.owner.settle()

    return app


def run(app: ProcessorApp) -> None:
    """Run the worker until it is told to stop; it logs as its process does."""
    stage = app.processor.name
    begin_stage(stage, app.processor.inputs, OUTCOMES)
    LagWatch(app.bus, stage, app.owner.reached, app.owner.readiness.progress_seen).start()
    worker = faust.Worker(app, override_logging=False, redirect_stdouts=False, quiet=True)
    # A spinner's escape sequences have no place in a log.
    worker.spinner = None
    worker.execute_from_commandline()
