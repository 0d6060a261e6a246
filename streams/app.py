"""The Faust app: one agent over every catalogue topic and the calendar, which hands batches to their owner."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import faust
import faust.tables
from faust.types import TP

from bus import topics
from bus.config import BusConfig
from bus.crypto.cipher import Cipher
from catalogue.avro import topic as catalogue_topic
from catalogue.model import Catalogue
from monitoring.health import HealthState, ProcessHealth
from monitoring.metrics import LAG
from processing.transport import SCHEME
from streams.owner import Owner


class NoTables(faust.tables.TableManager):  # type: ignore[misc]
    """Faust waits a second for tables to be declared. There are none: the stores are our own."""

    async def on_start(self) -> None:
        """Begin at once."""
        if not self.should_stop:
            await self._update_channels()
            await self.recovery.start()


class MergeApp(faust.App):  # type: ignore[misc]
    """A Faust app whose positions are the engines' own."""

    def __init__(self, bus: BusConfig, owner: Owner, topics_read: Iterable[str], **more: Any) -> None:
        self.bus, self.owner, self.topics_read = bus, owner, tuple(topics_read)
        super().__init__(**more)

    async def positions(self, assigned: Iterable[TP]) -> dict[TP, int]:
        """Take over the assigned partition numbers and return where to read on; called by the transport."""
        tps = list(assigned)
        topics_of: dict[int, set[str]] = {}
        for tp in tps:
            topics_of.setdefault(tp.partition, set()).add(self.bare(tp.topic))
        standbys = {tp.partition for tp in self.assignor.assigned_standbys()}
        held = await self.owner.assign({n: frozenset(t) for n, t in topics_of.items()}, standbys)
        return {tp: held.get(tp.partition, {}).get(self.bare(tp.topic), 0) for tp in tps}

    def caught_up(self, heard_at_s: float) -> None:
        """Note that nothing waited when the broker was last heard; called by the transport."""
        self.owner.readiness.caught_up(heard_at_s)
        for topic in self.topics_read:
            LAG.labels("merge", topic).set(0)

    def readiness(self) -> ProcessHealth:
        """Return whether this worker is ready, its state and the reason."""
        verdict = self.owner.readiness.verdict()
        return ProcessHealth(HealthState(verdict.state), verdict.reason)

    def bare(self, topic: str) -> str:
        """Return a topic's name without the prefix."""
        return topic.removeprefix(self.bus.topic_prefix)


def inputs(catalogue: Catalogue) -> tuple[str, ...]:
    """Return the topics that are merged, without prefix."""
    return (*(catalogue_topic(c.id) for c in catalogue.categories), topics.CALENDAR)


def create_app(bus: BusConfig, catalogue: Catalogue, folder: Path, cipher: Cipher, *, instance: str) -> MergeApp:
    """Build the app; ``instance`` is the worker's static membership, so that a restart moves no partition."""
    folder.mkdir(parents=True, exist_ok=True)
    names = inputs(catalogue)
    app = MergeApp(
        bus,
        Owner(bus, folder, cipher, names),
        names,
        id=bus.topic("merge"),
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
        broker_max_poll_records=8000,
        stream_buffer_maxsize=1,
        stream_wait_empty=False,
        web_enabled=False,
        TableManager=NoTables,
    )
    source = app.topic(
        *(bus.topic(n) for n in names),
        key_type=bytes,
        value_type=bytes,
        key_serializer="raw",
        value_serializer="raw",
    )

    @app.agent(source, name="merge")  # type: ignore[untyped-decorator]
    async def merge(stream: Any) -> None:
        async for event in stream.events():
            for number, batches in event.value.items():
                await app.owner.take(number, {app.bare(topic): batch for topic, batch in batches.items()})

    @app.on_partitions_revoked.connect  # type: ignore[untyped-decorator]
    async def settle(*_: Any, **__: Any) -> None:
        await app.owner.settle()

    return app


def run(app: MergeApp, *, loglevel: str = "INFO") -> None:
    """Run the worker until it is told to stop."""
    worker = faust.Worker(app, loglevel=loglevel, redirect_stdouts=False)
    worker.execute_from_commandline()
