"""The one door to PostgreSQL: every connection is opened here, so what secures it has one place."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2

from catalogue.errors import SinkUnavailable, UsageError


def connect(dsn: str, *, timeout_s: float | None = None) -> Any:
    """Return an open connection, which its caller closes; raises SinkUnavailable when the server takes none.

    ``timeout_s``: how long to wait for the server, in whole seconds; None: as long as the DSN says. Raises
    UsageError for a DSN that is none.
    """
    more: dict[str, Any] = {} if timeout_s is None else {"connect_timeout": max(1, int(timeout_s))}
    try:
        return psycopg2.connect(dsn, **more)
    except psycopg2.OperationalError as exc:
        raise SinkUnavailable("PostgreSQL does not answer.", remedy="See `credithub status`.") from exc
    except psycopg2.ProgrammingError as exc:
        # Its text would repeat the password.
        raise UsageError("The address of PostgreSQL cannot be read.", remedy="See CREDITHUB_POSTGRES_DSN.") from exc


@contextmanager
def connection(dsn: str, *, timeout_s: float | None = None) -> Iterator[Any]:
    """Hold a connection open for a block; raises SinkUnavailable when the server takes none."""
    opened = connect(dsn, timeout_s=timeout_s)
    try:
        yield opened
    finally:
        opened.close()


@contextmanager
def snapshot(dsn: str, *, timeout_s: float | None = None) -> Iterator[Any]:
    """Hold a connection open whose reads all see the database as of the first one, and which writes nothing.

    Raises SinkUnavailable when the server takes none. ``timeout_s``: how long to wait for it, as ``connect`` does, and
    for each answer.
    """
    with connection(dsn, timeout_s=timeout_s) as opened:
        opened.set_session(isolation_level="REPEATABLE READ", readonly=True)
        if timeout_s is not None:
            with opened.cursor() as cursor:
                cursor.execute("set statement_timeout = %s", (int(timeout_s * 1000),))
        yield opened
