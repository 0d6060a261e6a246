"""Databases of a test's own on the shared PostgreSQL."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg2


def execute(dsn: str, *statements: str) -> list[Any]:
    """Run statements, each on its own, and return the rows of the last."""
    connection = psycopg2.connect(dsn)
    # Databases are created outside of any transaction.
    connection.autocommit = True
    with closing(connection), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


@contextmanager
def own_database(shared_dsn: str, name: str) -> Iterator[str]:
    """Create a database, yield its DSN, and drop it afterwards."""
    execute(shared_dsn, f'create database "{name}"')
    try:
        yield f"{shared_dsn.rpartition('/')[0]}/{name}"
    finally:
        execute(shared_dsn, f'drop database if exists "{name}" with (force)')
