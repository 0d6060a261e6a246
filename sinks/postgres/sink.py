"""Writes what the streams published into PostgreSQL: a batch and its positions in one database transaction.

The positions lie in the database beside the rows (``sink_position``), so a killed or repeated batch changes nothing;
the group only shares the partitions out.
"""

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Message, TopicPartition

from bus import clients, topics
from bus.avro.decoding import Decoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.reading.offsets import refuse_beyond, topic_ids
from catalogue.errors import PoisonMessage
from monitoring.metrics import REJECTS
from sinks import dead_letters, runner
from sinks.contract import Sink
from sinks.holding import Patience
from sinks.postgres.database import Position, RowsByKey, SinkDatabase, translated
from sinks.postgres.schema import migrate
from sinks.postgres.tables import TABLES
from sinks.readiness import SinkReadiness

GROUP = "sink.postgres"
# A change may carry hundreds of records: the batch bounds the memory.
BATCH_SIZE = 2000

Rows = dict[Position, RowsByKey]


def run(config: BusConfig, dsn: str, stop: threading.Event, *, readiness: SinkReadiness | None = None) -> None:
    """Fill the database until ``stop``; the schema is migrated first.

    Raises what ``sinks.runner.run`` raises: IntegrityError when the database was filled from other topics, or from more
    than these hold now.
    """
    runner.run(PostgresSink(config, dsn), stop, readiness)


class PostgresSink(Sink[Rows]):
    """The sink of the hub's database."""

    poll_s = 0.4
    # A database that restarts is asked often, one that is away for the night seldom.
    longest_wait_s = 15.0

    def __init__(self, config: BusConfig, dsn: str) -> None:
        self._config, self._dsn = config, dsn
        self.name, self.batch_size = GROUP, BATCH_SIZE
        self.sources = {config.topic(name): name for name in TABLES}
        self.consumer = clients.consumer(config, GROUP)
        self._registry = Registry(config, complete=True)
        self._decode = Decoder(self._registry)
        self._database = SinkDatabase(dsn)

    def arrow(self, topic: str) -> str:
        """Return the arrow of one table's topic."""
        return f"postgres.{topic}"

    def open(self, patience: Patience) -> None:
        """Migrate, see that the rows are of these topics and the topics hold all that was read, then join the group."""
        with translated():
            migrate(self._dsn)
        real_names = {name: real for real, name in self.sources.items()}
        self._database.remember_topics(topic_ids(self._config, TABLES), real_names)
        reached = {
            (self.sources[topic], partition): offset
            for (topic, partition), offset in self._database.positions().items()
            if topic in self.sources
        }
        refuse_beyond(self._config, reached, "The PostgreSQL sink")

        def assigned(consumer: Any, partitions: list[TopicPartition]) -> None:
            positions = patience.until(self._database.positions) or {}
            for partition in partitions:
                partition.offset = positions.get((partition.topic, partition.partition), OFFSET_BEGINNING)
            consumer.assign(partitions)

        self.consumer.subscribe(list(self.sources), on_assign=assigned)

    def prepare(self, messages: Sequence[Message]) -> Rows:
        """Decode; of several rows of one key the last stays, for one upsert may touch a row once only."""
        rows: Rows = {}
        for message in messages:
            topic = self.sources[message.topic()]
            if message.value() is None:
                continue
            table = TABLES[topic]
            try:
                row = table.row(self._decode(message.value()))
            except PoisonMessage as problem:
                dead_letters.pass_over(self.arrow(topic), message, problem)
                continue
            key = tuple(row[name] for name in table.key)
            rows.setdefault((message.topic(), message.partition()), {})[key] = row
        return rows

    def deliver(self, prepared: Rows, messages: Sequence[Message]) -> Mapping[str, int]:
        """Write the rows and move the positions; what another process wrote meanwhile is left out."""
        ends = {(m.topic(), m.partition()): m.offset() + 1 for m in messages}
        written = self._database.write(prepared, ends, self.sources)
        for row in written.get(topics.REJECTED, ()):
            for reason in row["reasons"]:
                REJECTS.labels(row["item"], reason["code"]).inc()
        return {topic: len(rows) for topic, rows in written.items()}

    def close(self) -> None:
        """Close the clients."""
        self.consumer.close()
        self._registry.close()
        self._database.close()
