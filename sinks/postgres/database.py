"""The sink's side of PostgreSQL: one connection, opened again after a loss; positions, topic ids and rows."""

import io
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg2

from catalogue.errors import IntegrityError, SinkUnavailable
from connectors import postgres
from sinks.postgres.tables import TABLES, Row, TargetTable, copy_line

Position = tuple[str, int]
"""A topic (real name) and a partition."""
RowsByKey = dict[tuple[Any, ...], Row]

LOCK_TIMEOUT_S = 20
"""How long a statement waits for somebody's lock. The sink says then that it holds, and tries again."""
STATEMENT_TIMEOUT_S = 300
"""Longer than a batch takes on a busy machine."""
_BROKEN = (psycopg2.OperationalError, psycopg2.InterfaceError)


@contextmanager
def translated(dsn: str) -> Iterator[None]:
    """Raise SinkUnavailable for what psycopg2 says of a server that is away, restarts, or asks to try again.

    A lock that was waited for in vain is named, with who holds it.
    """
    try:
        yield
    except psycopg2.errors.LockNotAvailable as exc:
        raise SinkUnavailable(
            f"PostgreSQL: {postgres.locked_tables(dsn)}.", remedy="End that session, or wait for it.", retry_after_s=0.0
        ) from exc
    except _BROKEN as exc:
        raise SinkUnavailable(
            # The first line says what; the others repeat the statement.
            f"PostgreSQL did not answer, or took nothing: {str(exc).strip().partition(chr(10))[0]}.",
            remedy="See `credithub status`.",
            retry_after_s=0.0,
        ) from exc


class SinkDatabase:
    """What the sink reads and writes; every method is one transaction and raises SinkUnavailable when it failed."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: Any = None
        # Of the filling in which the positions were read.
        self._generation: str | None = None

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()

    def session(self) -> int | None:
        """Return the server's pid of the session, from any thread; None when there is none."""
        connection = self._connection
        return None if connection is None or connection.closed else int(connection.info.backend_pid)

    def positions(self) -> dict[Position, int]:
        """Return from where to read on, in the present filling of the tables."""
        with self._transaction() as cursor:
            self._generation = _generation(cursor)
            cursor.execute("select topic, partition, next_offset from sink_position")
            return {(topic, partition): offset for topic, partition, offset in cursor.fetchall()}

    def remember_topics(self, topic_ids: Mapping[str, str], real_names: Mapping[str, str]) -> None:
        """Keep each topic's id, or compare it with the one that was kept; raises IntegrityError on a difference.

        After a topic was deleted and made again under its name, the old positions would skip the new messages, and the
        old rows would count as newer ones. Nor do positions say of which prefix they are: one database is for one
        prefix.
        """
        with self._transaction() as cursor:
            for name, topic_id in topic_ids.items():
                cursor.execute("insert into sink_topic values (%s, %s) on conflict do nothing", (name, topic_id))
                cursor.execute("select topic_id from sink_topic where topic = %s", (name,))
                if cursor.fetchone() != (topic_id,):
                    raise IntegrityError(
                        f"PostgreSQL was filled from another topic than {real_names[name]} is now: from one of"
                        " another prefix, or this one was made anew since. What the database holds, its positions with"
                        " it, is of that one.",
                        remedy="Name another database in CREDITHUB_POSTGRES_DSN, or drop all tables of this one,"
                        " schema_migration too; `credithub prepare` makes them, and they are filled from the topics.",
                    )

    def write(
        self, rows: Mapping[Position, RowsByKey], ends: Mapping[Position, int], names: Mapping[str, str]
    ) -> dict[str, list[Row]]:
        """Move the positions to ``ends`` and write the rows read before them; return what was written, by topic.

        ``names`` gives a topic's name without its prefix. Raises IntegrityError when the tables were emptied since the
        positions were read.
        """
        written: dict[str, RowsByKey] = {}
        with self._transaction() as cursor:
            # The positions first: the locks on their rows let one process write at a time.
            for (topic, partition), offset in sorted(ends.items()):
                cursor.execute(
                    "insert into sink_position as t values (%s, %s, %s) on conflict (topic, partition)"
                    " do update set next_offset = excluded.next_offset where t.next_offset < excluded.next_offset",
                    (topic, partition, offset),
                )
                # No row is changed where another process has moved the position: it wrote these rows, and newer ones.
                if cursor.rowcount:
                    written.setdefault(names[topic], {}).update(rows.get((topic, partition), {}))
            # Behind the positions, whose locks whoever empties the tables waits for, or we for his.
            if _generation(cursor) != self._generation:
                raise IntegrityError(
                    "PostgreSQL's tables were emptied, to be filled from the topics again, while this sink wrote.",
                    remedy="Nothing to do: the sink ends here, and its next start reads the topics from the beginning.",
                )
            for topic, batch in written.items():
                if batch:
                    _upsert(cursor, TABLES[topic], batch.values())
        return {topic: list(batch.values()) for topic, batch in written.items()}

    @contextmanager
    def _transaction(self) -> Iterator[Any]:
        """A cursor inside one transaction, committed at its end; a broken connection is closed, to be opened anew."""
        if self._connection is None or self._connection.closed:
            self._connection = postgres.connect(
                self._dsn, lock_timeout_s=LOCK_TIMEOUT_S, statement_timeout_s=STATEMENT_TIMEOUT_S
            )
        with translated(self._dsn):
            cursor = self._connection.cursor()
            try:
                yield cursor
            except BaseException:
                self._end(cursor, self._connection.rollback)
                raise
            self._end(cursor, self._connection.commit)

    def _end(self, cursor: Any, how: Any) -> None:
        try:
            cursor.close()
            how()
        except _BROKEN:
            self._connection.close()
            raise


def _generation(cursor: Any) -> str:
    cursor.execute("select generation::text from sink_generation")
    return str(cursor.fetchone()[0])


def _upsert(cursor: Any, table: TargetTable, batch: Collection[Row]) -> None:
    columns = ", ".join(table.columns)
    cursor.execute(f"create temporary table incoming on commit drop as select {columns} from {table.name} limit 0")
    lines = io.StringIO("".join(copy_line(table, row) for row in batch))
    cursor.copy_expert(f"copy incoming ({columns}) from stdin", lines)
    cursor.execute(table.upsert)
    cursor.execute("drop table incoming")
