"""Writes what the streams published into PostgreSQL: a batch and its positions in one database transaction.

The position lies in the database beside the rows (``sink_position``), so a killed or repeated batch changes nothing;
the group only shares the partitions out. While the database or the registry is away the batch is held and tried again.
"""

import io
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import closing
from typing import Any, TypeVar

import psycopg2
import tenacity
from confluent_kafka import OFFSET_BEGINNING, Message, TopicPartition

from bus import clients, topics
from bus.avro.decoding import Decoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.reading.offsets import refuse_beyond, topic_ids
from bus.reading.receiving import age_s, receive
from catalogue.errors import IntegrityError, PoisonMessage, Unavailable
from connectors import postgres
from monitoring.metrics import BATCH, BATCH_EVENTS, DELIVERIES, EVENTS, LAG, REJECTS
from sinks import dead_letters
from sinks.postgres.schema import migrate
from sinks.postgres.tables import TABLES, Row, Table, copy_line

log = logging.getLogger(__name__)

GROUP = "sink.postgres"
# A change may carry hundreds of records: the batch bounds the memory.
BATCH_SIZE = 2000
_POLL_S = 0.4
_MAX_WAIT_S = 15

T = TypeVar("T")
Place = tuple[str, int]  # topic with its prefix, partition
Rows = dict[tuple[Any, ...], Row]  # by their key


def run(config: BusConfig, dsn: str, stop: threading.Event) -> None:
    """Fill the database until ``stop``; the schema is migrated first.

    Raises KafkaException when the consumer breaks for good: the supervisor starts anew. Raises IntegrityError when the
    database was filled from other topics, or from more than these hold now.
    """
    with closing(_PostgresSink(config, dsn, stop)) as sink:
        sink.open()
        while not stop.is_set():
            sink.step()


class _PostgresSink:
    def __init__(self, config: BusConfig, dsn: str, stop: threading.Event) -> None:
        self._config, self._dsn, self._stop = config, dsn, stop
        self._names = {config.topic(name): name for name in TABLES}
        self._registry = Registry(config, complete=True)
        self._decode = Decoder(self._registry)
        self._consumer = clients.consumer(config, GROUP)
        self._connection: Any = None
        for name in TABLES:
            dead_letters.expect(f"postgres.{name}")

    def open(self) -> None:
        """Migrate, see that the rows are of these topics, then join the group."""
        self._persist(lambda: migrate(self._dsn))
        self._persist(self._know_topics)
        self._persist(self._know_positions)
        self._consumer.subscribe(list(self._names), on_assign=self._assigned)

    def close(self) -> None:
        self._consumer.close()
        self._registry.close()
        self._disconnect()

    def step(self) -> None:
        """Write one batch."""
        messages = receive(self._consumer, BATCH_SIZE, _POLL_S)
        if not messages:
            for name in TABLES:
                LAG.labels(GROUP, name).set(0)
            return
        begun = time.monotonic()
        read = self._persist(lambda: self._read(messages), messages)
        ends = {(m.topic(), m.partition()): m.offset() + 1 for m in messages}
        rows = None if read is None else self._persist(lambda: self._write(read, ends), messages)
        if rows is None:
            return  # stopped while waiting; nothing was written, the positions bring it back
        for topic in rows:
            DELIVERIES.labels(GROUP, topic).inc(len(rows[topic]))
        for name, count in Counter(m.topic() for m in messages).items():
            EVENTS.labels(f"postgres.{self._names[name]}", "in").inc(count)
        for row in rows.get(topics.REJECTED, ()):
            for reason in row["reasons"]:
                REJECTS.labels(row["item"], reason["code"]).inc()
        BATCH.labels(GROUP).observe(time.monotonic() - begun)
        BATCH_EVENTS.labels(GROUP).observe(len(messages))
        for topic, newest in {m.topic(): m for m in messages}.items():
            LAG.labels(GROUP, self._names[topic]).set(age_s(newest))

    def _persist(self, act: Callable[[], T], held: Sequence[Message] = ()) -> T | None:
        """Do ``act`` however long its services are away; None when stopped meanwhile. ``held``: what waits for it."""
        say = tenacity.before_sleep_log(log, logging.WARNING)
        oldest = {self._names[m.topic()]: m for m in reversed(held)}

        def waits(state: tenacity.RetryCallState) -> None:
            say(state)
            for topic, message in oldest.items():
                LAG.labels(GROUP, topic).set(age_s(message))

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type((Unavailable, psycopg2.OperationalError, psycopg2.InterfaceError)),
            wait=tenacity.wait_random_exponential(multiplier=0.2, max=_MAX_WAIT_S),
            sleep=tenacity.sleep_using_event(self._stop),
            stop=tenacity.stop_when_event_set(self._stop),
            before_sleep=waits,
        )
        try:
            return retrying(act)
        except tenacity.RetryError:
            return None

    def _assigned(self, consumer: Any, partitions: list[TopicPartition]) -> None:
        held = self._persist(self._positions) or {}
        for partition in partitions:
            partition.offset = held.get((partition.topic, partition.partition), OFFSET_BEGINNING)
        consumer.assign(partitions)

    def _know_topics(self) -> bool:
        """Keep each topic's id, or compare it with the one that was kept.

        Positions of a topic that is gone would pass over what is in the one of its name, and so would the sequences
        in the rows. They do not say whose topics they are of, either: one database is for one prefix.
        """
        with self._cursor() as cursor:
            for name, topic_id in topic_ids(self._config, TABLES).items():
                cursor.execute("insert into sink_topic values (%s, %s) on conflict do nothing", (name, topic_id))
                cursor.execute("select topic_id from sink_topic where topic = %s", (name,))
                if cursor.fetchone() != (topic_id,):
                    raise IntegrityError(
                        f"PostgreSQL was filled from another topic than {self._config.topic(name)} is now: from one of"
                        " another prefix, or this one was made anew since. What the database holds, its positions with"
                        " it, is of that one.",
                        remedy="Name another database in CREDITHUB_POSTGRES_DSN, or drop all tables of this one,"
                        " schema_migration too; they are made and filled again from the topics.",
                    )
        return True

    def _know_positions(self) -> bool:
        """See that the topics hold all that was read of them."""
        held = self._positions()
        own = {(self._names[name], number): at for (name, number), at in held.items() if name in self._names}
        refuse_beyond(self._config, own, "The PostgreSQL sink")
        return True

    def _positions(self) -> dict[tuple[str, int], int]:
        with self._cursor() as cursor:
            cursor.execute("select topic, partition, next_offset from sink_position")
            return {(topic, number): offset for topic, number, offset in cursor.fetchall()}

    def _read(self, messages: Iterable[Message]) -> dict[Place, Rows]:
        """Decode; of several rows of one key the last stays, for one upsert may touch a row once only."""
        kept: dict[Place, Rows] = {}
        for message in messages:
            topic = self._names[message.topic()]
            if message.value() is None:
                continue
            table = TABLES[topic]
            try:
                row = table.row(self._decode(message.value()))
            except PoisonMessage as exc:
                dead_letters.set_aside(f"postgres.{topic}", message, exc)
                continue
            key = tuple(row[name] for name in table.key)
            kept.setdefault((message.topic(), message.partition()), {})[key] = row
        return kept

    def _write(self, read: Mapping[Place, Rows], ends: Mapping[Place, int]) -> dict[str, list[Row]]:
        """Move the positions and write what was read before them; return the rows by topic."""
        rows: dict[str, Rows] = {}
        with self._cursor() as cursor:
            # The positions first: they lock each other out.
            for (topic, number), offset in sorted(ends.items()):
                cursor.execute(
                    "insert into sink_position as t values (%s, %s, %s) on conflict (topic, partition)"
                    " do update set next_offset = excluded.next_offset where t.next_offset < excluded.next_offset",
                    (topic, number, offset),
                )
                # A position that does not move: another process wrote this and what is newer, while we stood still.
                if cursor.rowcount:
                    rows.setdefault(self._names[topic], {}).update(read.get((topic, number), {}))
            for topic, batch in rows.items():
                if batch:
                    self._upsert(cursor, TABLES[topic], batch.values())
        return {topic: list(batch.values()) for topic, batch in rows.items()}

    def _upsert(self, cursor: Any, table: Table, batch: Collection[Row]) -> None:
        columns = ", ".join(table.columns)
        cursor.execute(f"create temporary table incoming on commit drop as select {columns} from {table.name} limit 0")
        lines = io.StringIO("".join(copy_line(table, row) for row in batch))
        cursor.copy_expert(f"copy incoming ({columns}) from stdin", lines)
        cursor.execute(table.upsert)
        cursor.execute("drop table incoming")

    def _cursor(self) -> "_Transaction":
        if self._connection is None or self._connection.closed:
            self._connection = postgres.connect(self._dsn)
        return _Transaction(self._connection)

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()


class _Transaction:
    """A cursor inside one transaction, committed at its end; a broken connection is closed, so that it is made anew."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def __enter__(self) -> Any:
        self._cursor = self._connection.cursor()
        return self._cursor

    def __exit__(self, kind: Any, *_: Any) -> None:
        try:
            self._cursor.close()
            if kind is None:
                self._connection.commit()
            else:
                self._connection.rollback()
        except (psycopg2.OperationalError, psycopg2.InterfaceError):
            self._connection.close()
            raise
