"""Migrations: numbered SQL files, each applied once, in order, by one process at a time."""

from pathlib import Path

from connectors import postgres

MIGRATIONS = Path(__file__).parent / "migrations"
# Any constant will do, as long as every process of the hub takes the same.
_LOCK = 542_068


def migrate(dsn: str, folder: Path = MIGRATIONS, *, lock_timeout_s: int | None = None) -> list[str]:
    """Apply the migrations that are missing, in one transaction, and return their names.

    Raises SinkUnavailable while the database is away, and psycopg2's error when it waited longer for a lock.
    """
    with (
        postgres.connection(dsn, lock_timeout_s=lock_timeout_s) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
        cursor.execute(
            "create table if not exists schema_migration"
            " (name text primary key, applied_at timestamptz not null default now())"
        )
        cursor.execute("select name from schema_migration")
        done = {str(row[0]) for row in cursor.fetchall()}
        missing = [path for path in sorted(folder.glob("*.sql")) if path.stem not in done]
        for path in missing:
            cursor.execute(path.read_text("utf-8"))
            cursor.execute("insert into schema_migration (name) values (%s)", (path.stem,))
        return [path.stem for path in missing]
