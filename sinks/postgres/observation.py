"""Looks at the database from outside of the sink's connection, which may hang: who blocks it, and what waits in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2

from catalogue.errors import SinkUnavailable
from connectors import postgres

_ANSWER_WITHIN_S = 4
_BLOCKERS = """
    select coalesce(waits.relation::regclass::text, 'a row'), other.pid, other.application_name, other.usename,
           other.state, extract(epoch from now() - other.xact_start)::bigint
    from pg_locks waits
    cross join lateral unnest(pg_blocking_pids(waits.pid)) as blocking(pid)
    join pg_stat_activity other on other.pid = blocking.pid
    where waits.pid = %s and not waits.granted
"""


@contextmanager
def _cursor(dsn: str) -> Iterator[Any]:
    limits = {"lock_timeout_s": _ANSWER_WITHIN_S, "statement_timeout_s": _ANSWER_WITHIN_S}
    with postgres.connection(dsn, timeout_s=_ANSWER_WITHIN_S, **limits) as connection, connection.cursor() as cursor:
        try:
            yield cursor
        except (psycopg2.OperationalError, psycopg2.InterfaceError) as exc:
            raise SinkUnavailable("PostgreSQL does not answer.", remedy="See `credithub status`.") from exc


def blockers(dsn: str, pid: int) -> str:
    """Return which lock the session ``pid`` waits for and who holds it, in words; empty when it waits for none.

    Raises SinkUnavailable when the database says nothing.
    """
    with _cursor(dsn) as cursor:
        cursor.execute(_BLOCKERS, (pid,))
        waits = cursor.fetchall()
    return "; ".join(
        f"PostgreSQL's lock on {relation}, which pid {other} holds ({name or 'unnamed'}, user {user}, {state}"
        f" in a transaction of {age_s} s)"
        for relation, other, name, user, state, age_s in waits
    )


def unresolved(dsn: str) -> dict[str, int]:
    """Return how many rows of each item wait until their subject is known; raises SinkUnavailable."""
    with _cursor(dsn) as cursor:
        cursor.execute("select item, count(*) from unresolved where state = 'WAITING' group by item")
        return dict(cursor.fetchall())
