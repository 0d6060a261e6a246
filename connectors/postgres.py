"""The one door to PostgreSQL: every connection is opened here, so what secures it has one place."""

import queue
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg2

from catalogue.errors import SinkUnavailable, StackError, UsageError

# A server whose machine is gone sends nothing, not even an end: the kernel finds out within a minute.
_KEPT_ALIVE = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}


def connect(
    dsn: str,
    *,
    timeout_s: float | None = None,
    lock_timeout_s: int | None = None,
    statement_timeout_s: int | None = None,
) -> Any:
    """Return an open connection, which its caller closes; raises SinkUnavailable when the server takes none.

    ``timeout_s``: how long to wait for the server, in whole seconds; None: as long as the DSN says. The others: how
    long a statement may wait for a lock, and may take, before the server ends it; None: as long as the server says.
    Raises UsageError for a DSN that is none.
    """
    more: dict[str, Any] = dict(_KEPT_ALIVE)
    if timeout_s is not None:
        more["connect_timeout"] = max(1, int(timeout_s))
    limits = {"lock_timeout": lock_timeout_s, "statement_timeout": statement_timeout_s}
    try:
        opened = psycopg2.connect(dsn, **more)
        _limit(opened, {name: seconds for name, seconds in limits.items() if seconds is not None})
        return opened
    except psycopg2.OperationalError as exc:
        raise SinkUnavailable("PostgreSQL does not answer.", remedy="See `credithub status`.") from exc
    except psycopg2.ProgrammingError as exc:
        # Its text would repeat the password.
        raise UsageError("The address of PostgreSQL cannot be read.", remedy="See CREDITHUB_POSTGRES_DSN.") from exc


def _limit(opened: Any, limits: Mapping[str, int]) -> None:
    if not limits:
        return
    # By a statement of its own: what is set within a transaction is gone when it is rolled back. Not by ``options``,
    # which would replace those of the DSN.
    opened.autocommit = True
    with opened.cursor() as cursor:
        for name, seconds in limits.items():
            cursor.execute("select set_config(%s, %s, false)", (name, f"{seconds}s"))
    opened.autocommit = False


@contextmanager
def connection(dsn: str, **limits: Any) -> Iterator[Any]:
    """Hold a connection open for a block, with the limits of ``connect``; raises SinkUnavailable as it does."""
    opened = connect(dsn, **limits)
    try:
        yield opened
    finally:
        opened.close()


@contextmanager
def snapshot(dsn: str, **limits: Any) -> Iterator[Any]:
    """Hold a connection open whose reads all see the database as of the first one, and which writes nothing.

    With the limits of ``connect``; raises SinkUnavailable as it does.
    """
    with connection(dsn, **limits) as opened:
        opened.set_session(isolation_level="REPEATABLE READ", readonly=True)
        yield opened


def rows(connection: Any, query: str, values: Sequence[Any] | Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Return what a query of the hub's tables finds.

    Raises StackError where there are no such tables, SinkUnavailable when the server does not answer, or may not.
    """
    with connection.cursor() as cursor:
        try:
            cursor.execute(query, values)
            found: list[tuple[Any, ...]] = cursor.fetchall()
        except psycopg2.errors.UndefinedTable as exc:
            raise StackError("The database has none of the hub's tables.", remedy="Run `credithub prepare`.") from exc
        except psycopg2.errors.InsufficientPrivilege as exc:
            raise SinkUnavailable(
                "PostgreSQL does not let this user read the hub's tables.",
                remedy="`credithub prepare`, as their owner, grants it what its role may.",
            ) from exc
        except (psycopg2.OperationalError, psycopg2.InterfaceError) as exc:
            raise SinkUnavailable("PostgreSQL does not answer.", remedy="See `credithub status`.") from exc
        return found


@contextmanager
def bounded_snapshot(dsn: str, *, lock_s: int, statement_s: int, connect_s: float = 5) -> Iterator[Any]:
    """Hold a snapshot open that waits for a lock, and for an answer, so many seconds at most.

    Raises SinkUnavailable when the server is away or an answer takes longer, and names who holds the lock.
    """
    try:
        limits = {"timeout_s": connect_s, "lock_timeout_s": lock_s, "statement_timeout_s": statement_s}
        with snapshot(dsn, **limits) as opened:
            yield opened
    except psycopg2.errors.LockNotAvailable as exc:
        raise SinkUnavailable(f"PostgreSQL: {locked_tables(dsn)}.", remedy="End that session, or wait for it.") from exc
    except psycopg2.errors.QueryCanceled as exc:
        raise SinkUnavailable(f"PostgreSQL did not answer within {statement_s} s.", remedy="Look at its load.") from exc
    except (psycopg2.OperationalError, psycopg2.InterfaceError) as exc:
        raise SinkUnavailable("PostgreSQL does not answer.", remedy="See `credithub status`.") from exc


class SnapshotPool:
    """Keeps connections, for short reads of several threads, each of which sees one snapshot of the database."""

    def __init__(self, dsn: str, most: int, *, wait_s: float, statement_s: int) -> None:
        """``most`` at once; who waits longer than ``wait_s`` for one, or ``statement_s`` for an answer, is refused."""
        self._dsn, self._wait_s, self._limits = dsn, wait_s, {"timeout_s": 5, "statement_timeout_s": statement_s}
        self._idle: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._free = threading.Semaphore(most)

    @contextmanager
    def snapshot(self) -> Iterator[Any]:
        """Lend a connection for a block; raises SinkUnavailable when the server takes none, or all are lent for long.

        One that a block left with an exception is closed: what it is in nobody knows.
        """
        if not self._free.acquire(timeout=self._wait_s):
            raise SinkUnavailable("PostgreSQL is asked more than it answers.", remedy="See `credithub status`.")
        try:
            opened = self._opened()
            try:
                yield opened
                opened.rollback()
            except BaseException:
                opened.close()
                raise
            self._idle.put(opened)
        finally:
            self._free.release()

    def close(self) -> None:
        """Close what is idle."""
        while not self._idle.empty():
            self._idle.get().close()

    def _opened(self) -> Any:
        while not self._idle.empty():
            try:
                kept = self._idle.get_nowait()
            except queue.Empty:
                break
            try:
                # The server may have ended it since.
                rows(kept, "select 1", ())
                kept.rollback()
                return kept
            except SinkUnavailable:
                kept.close()
        opened = connect(self._dsn, **self._limits)
        opened.set_session(isolation_level="REPEATABLE READ", readonly=True)
        return opened


_LOCKS = (
    "select l.relation::regclass::text, a.pid, a.application_name, a.usename, a.state from pg_locks l"
    " join pg_stat_activity a using (pid) join pg_class c on c.oid = l.relation"
    " where l.granted and l.mode in ('AccessExclusiveLock', 'ExclusiveLock', 'ShareRowExclusiveLock', 'ShareLock')"
    " and c.relkind in ('r', 'p')"
    " and l.database = (select oid from pg_database where datname = current_database())"
)


def locked_tables(dsn: str, *, connect_s: float = 5) -> str:
    """Return in words which tables of the database nobody may write or read, and who locked them."""
    with connection(dsn, timeout_s=connect_s) as opened, opened.cursor() as cursor:
        cursor.execute(_LOCKS)
        locks = [
            f"the table {table} is locked by process {pid} ({name or 'unnamed'}, user {user}, {state})"
            for table, pid, name, user, state in cursor.fetchall()
        ]
    return ", ".join(locks) or "a lock was waited for in vain, and no table is locked any more"
