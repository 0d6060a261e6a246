"""Statements of tests on the shared PostgreSQL."""

from contextlib import closing
from urllib.parse import urlsplit

from connectors import postgres
from hub.settings import Settings, endpoints
from hub.stack.layout import HomeLayout
from hub.stack.postgres import dsn


def execute(dsn: str, *statements: str) -> None:
    """Run statements, each on its own, outside of any transaction."""
    with closing(postgres.connect(dsn)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)


def superuser_dsn(settings: Settings) -> str:
    """Return the address of the embedded PostgreSQL as its superuser, which none of the hub's processes uses.

    A hub of a test that is beside another one has it in its settings: the password lies in the other's home.
    """
    if settings.postgres.dsn:
        return settings.postgres.dsn
    port = urlsplit(endpoints(settings).postgres_dsn).port
    assert port is not None
    return dsn(HomeLayout.of(settings), port)
