"""Looks into every column of every table that each role of PostgreSQL can read, logged in as that role."""

import io
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import psycopg2.extensions

from connectors import postgres
from hub.database_access import DatabaseRole
from hub.settings import Settings, endpoints
from hub.stack.layout import HomeLayout
from hub.stack.postgres import DATABASE, REGISTRY_USER, dsn
from tests.canaries.data_rules import column_rule
from tests.canaries.places import Kind, Ledger

_COLUMNS = """
select c.relname, a.attname, format('copy (select %I from %I.%I) to stdout', a.attname, n.nspname, c.relname)
from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
where c.relkind in ('r', 'p', 'v', 'm') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
    and a.attnum > 0 and not a.attisdropped and has_column_privilege(c.oid, a.attnum, 'select')
    and has_schema_privilege(n.oid, 'usage')
order by 1, 2
"""


def look_into_postgres(settings: Settings, ledger: Ledger) -> None:
    """Look at all that PostgreSQL shows to anybody who logs in."""
    layout, port = HomeLayout.of(settings), urlsplit(endpoints(settings).postgres_dsn).port
    assert port is not None
    users = [(role.user, DATABASE) for role in DatabaseRole] + [(REGISTRY_USER, REGISTRY_USER)]
    for user, database in users:
        address = f"{dsn(layout, port, user).rpartition('/')[0]}/{database}"
        with closing(postgres.connect(address)) as connection:
            for table, column, content in _readable(connection):
                ledger.look(Kind.TABLES, f"{table}.{column} as {user}", column_rule(user, table, column), content)


def _readable(connection: psycopg2.extensions.connection) -> Iterator[tuple[str, str, bytes]]:
    """Yield table, column and everything in it as PostgreSQL writes it, one row a line."""
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS)
        for table, column, statement in cursor.fetchall():
            content = io.BytesIO()
            cursor.copy_expert(statement, content)
            yield table, column, content.getvalue()
