"""The one door to PostgreSQL: every connection is opened here, so what secures it has one place."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2

from catalogue.errors import SinkUnavailable


def connect(dsn: str, *, timeout_s: float | None = None) -> Any:
    """Return an open connection, which its caller closes; raises SinkUnavailable when the server takes none.

    ``timeout_s``: how long to wait for the server, in whole seconds; None: as long as the DSN says.
    """
    more: dict[str, Any] = {} if timeout_s is None else {"connect_timeout": max(1, int(timeout_s))}
    try:
        return psycopg2.connect(dsn, **more)
    except psycopg2.OperationalError as exc:
        raise SinkUnavailable("PostgreSQL does not answer.", remedy="See `credithub status`.") from exc


@contextmanager
def connection(dsn: str, *, timeout_s: float | None = None) -> Iterator[Any]:
    """Hold a connection open for a block; raises SinkUnavailable when the server takes none."""
    opened = connect(dsn, timeout_s=timeout_s)
    try:
        yield opened
    finally:
        opened.close()


@contextmanager
def snapshot(dsn: str) -> Iterator[Any]:
    """Hold a connection open whose reads all see the database as of the first one, and which writes nothing.

    Raises SinkUnavailable when the server takes none.
    """
    with connection(dsn) as opened:
        opened.set_session(isolation_level="REPEATABLE READ", readonly=True)
        yield opened
