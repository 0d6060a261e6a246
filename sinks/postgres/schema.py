"""Migrations: numbered SQL files, each applied once, in order, by one process at a time; and the roles' rights."""

from pathlib import Path

import psycopg2

from catalogue.errors import StackError
from connectors import postgres

MIGRATIONS = Path(__file__).parent / "migrations"
# Any constant will do, as long as every process of the hub takes the same.
_LOCK = 542_068
_BEGIN = "create table schema_migration (name text primary key, applied_at timestamptz not null default now())"
_GRANTS = Path(__file__).parent / "grants.sql"


def migrate(dsn: str, folder: Path = MIGRATIONS, *, lock_timeout_s: int | None = None) -> list[str]:
    """Apply the migrations that are missing, in one transaction, and return their names.

    Only the tables' owner may: for anybody else it is enough that none is missing. Raises StackError where one is,
    SinkUnavailable while the database is away, and psycopg2's error when it waited longer for a lock.
    """
    with (
        postgres.connection(dsn, lock_timeout_s=lock_timeout_s) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
        cursor.execute("select to_regclass('schema_migration') is not null")
        is_begun = cursor.fetchone() == (True,)
        if is_begun:
            cursor.execute("select name from schema_migration")
        done = {str(row[0]) for row in cursor.fetchall()} if is_begun else set()
        missing = [path for path in sorted(folder.glob("*.sql")) if path.stem not in done]
        try:
            if not is_begun:
                cursor.execute(_BEGIN)
            for path in missing:
                cursor.execute(path.read_text("utf-8"))
                cursor.execute("insert into schema_migration (name) values (%s)", (path.stem,))
        except psycopg2.errors.InsufficientPrivilege as exc:
            raise StackError(
                f"The hub's tables are not those of this release: {missing[0].stem} is missing, and this user may make"
                " none.",
                remedy="Run `credithub prepare` as their owner.",
            ) from exc
        return [path.stem for path in missing]


def grant(dsn: str) -> None:
    """Give the database's roles their rights on the tables, as their owner; SinkUnavailable when it is away."""
    with postgres.connection(dsn) as connection, connection, connection.cursor() as cursor:
        cursor.execute(_GRANTS.read_text("utf-8"))
