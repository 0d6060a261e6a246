"""Statements of tests on the shared PostgreSQL."""

from contextlib import closing

from connectors import postgres


def execute(dsn: str, *statements: str) -> None:
    """Run statements, each on its own, outside of any transaction."""
    with closing(postgres.connect(dsn)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
