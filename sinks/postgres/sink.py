"""Writes what the streams published into PostgreSQL: a batch and its positions in one database transaction.

The positions lie in the database beside the rows (``sink_position``), so a killed or repeated batch changes nothing;
the group only shares the partitions out.
"""

import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Message, TopicPartition

from bus import clients, topics
from bus.avro.decoding import Decoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.reading import offsets
from bus.reading.offsets import refuse_beyond, topic_ids
from catalogue.errors import PoisonMessage, SinkUnavailable
from catalogue.load import load_catalogue
from monitoring.metrics import LISTED, RATED, REJECTED_ROWS, REJECTION_REASONS, UNRESOLVED
from rules.lists.membership import Status
from rules.rating.grades import ALL_GRADES
from sinks import dead_letters, runner
from sinks.contract import Sink
from sinks.holding import Patience
from sinks.postgres import observation
from sinks.postgres.database import LOCK_TIMEOUT_S, Position, RowsByKey, SinkDatabase, translated
from sinks.postgres.schema import migrate
from sinks.postgres.tables import TABLES, Row
from sinks.readiness import SinkReadiness

GROUP = "sink.postgres"
# A change may carry hundreds of records: the batch bounds the memory.
BATCH_SIZE = 2000
# A row that is older was counted when it came: the tables are being filled again.
_IS_NEWS_FOR = timedelta(days=1)

Rows = dict[Position, RowsByKey]


def run(config: BusConfig, dsn: str, stop: threading.Event, *, readiness: SinkReadiness | None = None) -> None:
    """Fill the database until ``stop``; the schema is migrated first, where this user may.

    Raises what ``sinks.runner.run`` raises: IntegrityError when the database was filled from other topics, or from more
    than these hold now.
    """
    runner.run(PostgresSink(config, dsn), config, stop, readiness)


class PostgresSink(Sink[Rows]):
    """The sink of the hub's database."""

    poll_s = 0.2
    # A database that restarts is asked often, one that is away for the night seldom.
    longest_wait_s = 15.0
    outcomes = ("written",)

    def __init__(self, config: BusConfig, dsn: str) -> None:
        self._config, self._dsn = config, dsn
        self.name, self.batch_size = GROUP, BATCH_SIZE
        self.sources = {config.topic(name): name for name in TABLES}
        self.consumer = clients.consumer(config, GROUP)
        self._registry = Registry(config, complete=True)
        self._decode = Decoder(self._registry)
        self._database = SinkDatabase(dsn)
        self.reached = {}
        self._items = [item.id for item in load_catalogue().items]
        for item in self._items:
            REJECTED_ROWS.labels(item)
            UNRESOLVED.labels(item)

    def open(self, patience: Patience) -> None:
        """Migrate, see that the rows are of these topics and the topics hold all that was read, then join the group."""
        with translated(self._dsn):
            migrate(self._dsn, lock_timeout_s=LOCK_TIMEOUT_S)
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
            self.reached = {
                offsets.TopicPartition(self.sources[p.topic], p.partition): max(p.offset, 0) for p in partitions
            }
            consumer.assign(partitions)

        def revoked(consumer: Any, partitions: list[TopicPartition]) -> None:
            self.reached = {}

        self.consumer.subscribe(list(self.sources), on_assign=assigned, on_revoke=revoked)

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
                dead_letters.pass_over(GROUP, topic, message, problem)
                continue
            if table.has_place:
                row = {**row, "partition": message.partition(), "position": message.offset()}
            key = tuple(row[name] for name in table.key)
            rows.setdefault((message.topic(), message.partition()), {})[key] = row
        return rows

    def deliver(self, prepared: Rows, messages: Sequence[Message]) -> Mapping[str, int]:
        """Write the rows and move the positions; what another process wrote meanwhile is left out."""
        ends = {(m.topic(), m.partition()): m.offset() + 1 for m in messages}
        written = self._database.write(prepared, ends, self.sources)
        counted_from = datetime.now(UTC) - _IS_NEWS_FOR
        for row in written.get(topics.REJECTED, ()):
            if row["rejected_at"] > counted_from:
                _count_rejected(row)
        return {"written": sum(map(len, written.values()))}

    def waits_for(self) -> str:
        """Return which lock the session waits for, and who holds it."""
        session = self._database.session()
        try:
            return "" if session is None else observation.blockers(self._dsn, session)
        except SinkUnavailable as problem:
            return problem.message

    def observe(self) -> None:
        """Count the rows whose subject is unknown, and the enterprises by their grades and on the lists."""
        waiting = observation.unresolved(self._dsn)
        for item in self._items:
            UNRESOLVED.labels(item).set(waiting.get(item, 0))
        rated = observation.ratings(self._dsn)
        for model in {name for name, _ in rated}:
            for grade in ALL_GRADES:
                RATED.labels(model, grade).set(rated.get((model, grade), 0))
        listed = observation.listed(self._dsn)
        for name in {one for one, _ in listed}:
            for status in Status:
                LISTED.labels(name, status.value).set(listed.get((name, status.value), 0))

    def close(self) -> None:
        """Close the clients."""
        self.consumer.close()
        self._registry.close()
        self._database.close()


def _count_rejected(row: Row) -> None:
    # A dead letter is no row of a file; OUTCOMES counts it.
    if row["submission_id"]:
        REJECTED_ROWS.labels(row["item"]).inc()
    # Two wrong cells of one row are two reasons for people, and still one row.
    for reason in row["reasons"]:
        REJECTION_REASONS.labels(row["item"], reason["code"]).inc()
