"""Emptying the tables, so that they are filled from the topics again, and digests of what they hold."""

from typing import Any

from connectors import postgres
from sinks.postgres.schema import grant, migrate
from sinks.postgres.tables import TABLES

# A sum does not depend on the order of the rows, so nothing is sorted. 60 bits of each hash, for a bigint has a sign.
_DIGEST = (
    "select count(*), coalesce(sum(('x' || substr(md5(t::text), 1, 15))::bit(60)::bigint::numeric), 0) from {table} t"
)


def empty(dsn: str) -> None:
    """Empty all tables, and the positions with them, in one transaction: whatever happens, both agree.

    A sink that is writing notices it at its next batch and ends; its next start reads the topics from the beginning.
    Raises SinkUnavailable when the database is away.
    """
    migrate(dsn)
    grant(dsn)
    names = ", ".join(sorted(table.name for table in TABLES.values()))
    with postgres.connection(dsn) as connection, connection, connection.cursor() as cursor:
        cursor.execute(f"truncate sink_position, sink_topic, {names}")
        cursor.execute("update sink_generation set generation = gen_random_uuid()")


def digests(dsn: str) -> dict[str, tuple[int, str]]:
    """Return the number of rows and a digest of the content of each table, of one moment.

    Raises SinkUnavailable when the database is away.
    """
    with postgres.snapshot(dsn) as connection, connection.cursor() as cursor:
        cursor.execute("set local timezone = 'UTC'")
        return {table.name: _digest(cursor, table.name) for table in sorted(TABLES.values(), key=lambda t: t.name)}


def _digest(cursor: Any, table: str) -> tuple[int, str]:
    cursor.execute(_DIGEST.format(table=table))
    rows, total = cursor.fetchone()
    return int(rows), f"{int(total) % (1 << 64):016x}"
