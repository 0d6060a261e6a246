"""Whoever has one of PostgreSQL's passwords, or gets a text into a row: neither becomes more than he is."""

import json
from contextlib import closing
from io import StringIO
from typing import Any

import psycopg2
import pytest
from psycopg2 import errors

from connectors.postgres import connect
from hub.database_access import DatabaseRole
from hub.settings import Settings, endpoints
from hub.stack.postgres import USER
from sinks.postgres.tables import TargetTable, copy_line
from tests.databases import superuser_dsn

# How somebody would become another role, or see what only a superuser does.
CLIMBING = (
    f"set role {USER}",
    "set role {other}",
    f"set session authorization {USER}",
    "alter role {own} superuser",
    "alter role {own} createrole",
    f"alter role {USER} password 'his'",
    "alter role {other} password 'his'",
    "grant {other} to {own}",
    "grant pg_read_all_data to {own}",
    "create role his login",
    "select rolpassword from pg_authid",
    "select * from pg_shadow",
    "select * from pg_hba_file_rules()",
    "alter system set log_statement = 'all'",
    "select pg_reload_conf()",
    "create database his",
    "create tablespace his location '/tmp'",
    "create publication his for all tables",
    "alter default privileges for role {other} grant select on tables to {own}",
)
# What would end a line, a row, a table or a statement of COPY, or be taken for a null or for bytes.
TEXTS = (
    r"\.", r"\N", "\\", "a\tb", "a\nb", "a\r\nb", "\\.\n", "x\n\\.\n'; drop table t; --", r"\x41", r"\101",
    "'; drop table t; --", "$$; drop table t; $$", "%s %(a)s", "\x1a", "a\u2028b", '"', "NULL", "",
)  # fmt: skip


@pytest.mark.attack(by="who has one role's password", wants="to become another role of PostgreSQL, or its superuser")
@pytest.mark.parametrize("role", DatabaseRole)
def test_no_role_becomes_another(settings: Settings, role: DatabaseRole) -> None:
    # The proof may what the reader may.
    other = DatabaseRole.OWNER if role is not DatabaseRole.OWNER else DatabaseRole.SINK
    with closing(connect(endpoints(settings).database(role))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in CLIMBING:
                with pytest.raises((errors.InsufficientPrivilege, errors.UndefinedFile)):
                    cursor.execute(statement.format(own=role.user, other=other.user))
            cursor.execute("select current_user, session_user, usesuper from pg_user where usename = current_user")
            assert cursor.fetchall() == [(role.user, role.user, False)]


@pytest.mark.attack(by="who has the reader's password", wants="the sink to stop, by ending its session or by its locks")
def test_the_reader_ends_no_other_session(settings: Settings) -> None:
    addresses = endpoints(settings)
    with (
        closing(connect(addresses.postgres_sink_dsn)) as sink,
        closing(connect(addresses.postgres_reader_dsn)) as reader,
        sink.cursor() as writing,
        reader.cursor() as cursor,
    ):
        writing.execute("select pg_backend_pid()")
        for call in ("pg_terminate_backend", "pg_cancel_backend"):
            with pytest.raises(errors.InsufficientPrivilege):
                cursor.execute(f"select {call}(%s)", (writing.connection.get_backend_pid(),))
            reader.rollback()
        writing.execute("select 1")
        assert writing.fetchone() == (1,)


@pytest.mark.attack(by="a value of a record", wants="to end its row of COPY, and to be a row or a statement of its own")
def test_no_value_is_a_row_or_a_statement(settings: Settings) -> None:
    table = TargetTable("t", ("number", "a", "b", "c"), ("number",), "")
    rows: list[dict[str, Any]] = [
        {"number": n, "a": text, "b": {text: [text]}, "c": text.encode()} for n, text in enumerate(TEXTS)
    ]
    with closing(psycopg2.connect(superuser_dsn(settings))) as connection, connection.cursor() as cursor:
        cursor.execute("create temporary table t (number int, a text, b jsonb, c bytea)")
        lines = StringIO("".join(copy_line(table, row) for row in rows))
        cursor.copy_expert("copy t (number, a, b, c) from stdin", lines)
        cursor.execute("select number, a, b::text, c from t order by number")
        found = [{"number": number, "a": a, "b": json.loads(b), "c": bytes(c)} for number, a, b, c in cursor.fetchall()]
    assert found == rows
