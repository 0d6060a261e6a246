"""Looks at the database from outside of the sink's connection, which may hang: who blocks it, and what waits in it."""

from typing import Any

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


def _rows(dsn: str, query: str, *values: object) -> list[tuple[Any, ...]]:
    limits = {"lock_timeout_s": _ANSWER_WITHIN_S, "statement_timeout_s": _ANSWER_WITHIN_S}
    with postgres.connection(dsn, timeout_s=_ANSWER_WITHIN_S, **limits) as connection:
        return postgres.rows(connection, query, values)


def blockers(dsn: str, pid: int) -> str:
    """Return which lock the session ``pid`` waits for and who holds it, in words; empty when it waits for none.

    Raises SinkUnavailable when the database says nothing.
    """
    return "; ".join(
        f"PostgreSQL's lock on {relation}, which pid {other} holds ({name or 'unnamed'}, user {user}, {state},"
        f" begun {age_s} s ago)"
        for relation, other, name, user, state, age_s in _rows(dsn, _BLOCKERS, pid)
    )


def ratings(dsn: str) -> dict[tuple[str, str], int]:
    """Return how many enterprises each model gives each grade, by (model, grade); raises SinkUnavailable."""
    rows = _rows(dsn, "select model, grade, count(*) from credit_rating group by model, grade")
    return {(model, grade): count for model, grade, count in rows}


def listed(dsn: str) -> dict[tuple[str, str], int]:
    """Return how many enterprises stand where on each list, by (list, status); raises SinkUnavailable."""
    rows = _rows(dsn, "select list, status, count(*) from credit_list group by list, status")
    return {(name, status): count for name, status, count in rows}


def unresolved(dsn: str) -> dict[str, int]:
    """Return how many rows of each item wait until their subject is known; raises SinkUnavailable."""
    return dict(_rows(dsn, "select item, count(*) from unresolved where state = 'WAITING' group by item"))
