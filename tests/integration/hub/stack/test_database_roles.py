"""What each role of the database may, and may not, on a real PostgreSQL; a home of before is brought to the roles."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import pytest
from psycopg2 import errors

from catalogue.errors import StackError
from connectors.postgres import connect
from hub.database_access import DatabaseRole
from hub.settings import Endpoints, Settings, endpoints, exact_settings
from hub.stack import launch, postgres
from hub.stack.database_roles import make_roles
from hub.stack.layout import HomeLayout
from hub.stack.status import write_json
from proofs.continuous.tables import bounded_snapshot
from queries.not_taken import NotTakenFilter
from queries.ratings import COVERAGE
from queries.table_snapshot import table_snapshot
from sinks.postgres.schema import MIGRATIONS, grant, migrate
from sinks.postgres.tables import TABLES
from tests.databases import execute, superuser_dsn
from tests.ports import free_port
from tests.waiting import until

_BEFORE = "0007_generation"
_TABLES = (*(table.name for table in TABLES.values()), "sink_position", "sink_topic")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Return the settings of a home of before: a server whose tables belong to its superuser."""
    settings = exact_settings(home=tmp_path_factory.mktemp("database") / "a home")
    layout, port = HomeLayout.of(settings), free_port()
    layout.create()
    postgres.prepare(layout)
    roles = {role.field: postgres.dsn(layout, port, role.user) for role in DatabaseRole}
    write_json(layout.endpoints_file, asdict(Endpoints(bootstrap="-", registry_url="-", upstream_url="-", **roles)))
    uid, gid = postgres.run_as() or (-1, -1)
    launcher = (sys.executable, "-I", "-S", launch.__file__, str(os.getpid()), "9", str(uid), str(gid))
    with layout.log_file("postgres").open("wb") as log:
        process = subprocess.Popen(
            [*launcher, *postgres.command(layout, port)], stdout=log, stderr=log, cwd=layout.postgres / "data"
        )
    try:
        until(partial(_answers, superuser_dsn(settings)), lambda: layout.log_file("postgres").read_text("utf-8"))
        _release_of_before(superuser_dsn(settings), tmp_path_factory.mktemp("migrations"))
        yield settings
    finally:
        process.terminate()
        process.wait(60)


def _answers(dsn: str) -> bool:
    try:
        psycopg2.connect(dsn, connect_timeout=2).close()
    except psycopg2.OperationalError:
        return False
    return True


def _release_of_before(dsn: str, folder: Path) -> None:
    for migration in MIGRATIONS.glob("*.sql"):
        if migration.stem <= _BEFORE:
            (folder / migration.name).write_bytes(migration.read_bytes())
    migrate(dsn, folder)
    execute(dsn, "insert into sink_topic values ('credit.state.v1', 'of before')")


@pytest.fixture(scope="module")
def access(server: Settings) -> Endpoints:
    """Return the addresses by role, once the home of before was prepared, twice."""
    for _ in range(2):
        make_roles(server)
        migrate(endpoints(server).postgres_dsn)
        grant(endpoints(server).postgres_dsn)
    return endpoints(server)


def run(dsn: str, statement: str) -> Any:
    with closing(connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def refused(dsn: str, *statements: str) -> None:
    for statement in statements:
        with pytest.raises(errors.InsufficientPrivilege):
            execute(dsn, statement)


def as_registry(settings: Settings, database: str) -> str:
    address = postgres.dsn(HomeLayout.of(settings), 0, postgres.REGISTRY_USER)
    port = superuser_dsn(settings).rpartition(":")[2].partition("/")[0]
    return f"{address.rpartition(':')[0]}:{port}/{database}"


def test_a_home_of_before_keeps_its_rows_and_gets_an_owner(access: Endpoints, server: Settings) -> None:
    assert run(access.postgres_dsn, "select topic_id from sink_topic") == [("of before",)]
    owners = "select distinct pg_get_userbyid(relowner) from pg_class where relnamespace = 'public'::regnamespace"
    assert run(access.postgres_dsn, owners) == [("credithub_owner",)]
    supers = "select rolname from pg_roles where rolsuper or rolcreaterole or rolcreatedb or rolbypassrls"
    assert run(access.postgres_dsn, supers) == [(postgres.USER,)]
    files = HomeLayout.of(server).postgres.glob("*.password")
    assert {file.stat().st_mode & 0o077 for file in files} == {0}


def test_the_owner_makes_tables_and_is_no_superuser(access: Endpoints) -> None:
    run(access.postgres_dsn, "create table of_a_later_release (a text); drop table of_a_later_release")
    refused(access.postgres_dsn, "create role other", "create database other", "alter system set port = 1")


def test_the_sink_reads_and_writes_and_makes_nothing(access: Endpoints) -> None:
    for table in _TABLES:
        run(access.postgres_sink_dsn, f"select * from {table}; delete from {table} where false")
    run(access.postgres_sink_dsn, "create temporary table incoming on commit drop as select * from rejected limit 0")
    run(access.postgres_sink_dsn, "insert into sink_position values ('t', 0, 1); delete from sink_position")
    # What its start asks for is there already.
    assert migrate(access.postgres_sink_dsn) == []
    refused(
        access.postgres_sink_dsn, "create table x (a text)", "drop table rejected", "truncate rejected",
        "alter table rejected add column x text", "update sink_generation set generation = gen_random_uuid()",
    )  # fmt: skip


def test_a_sink_that_finds_tables_of_before_says_who_can_help(access: Endpoints, tmp_path: Path) -> None:
    (tmp_path / "9999_later.sql").write_text("create table later (a text)")
    with pytest.raises(StackError, match="9999_later"):
        migrate(access.postgres_sink_dsn, tmp_path)


@pytest.mark.attack(by="who has the reader's password", wants="persons' records, or ciphertext")
def test_the_reader_sees_no_person_and_no_ciphertext(access: Endpoints) -> None:
    reader = access.postgres_reader_dsn
    for table in (
        "submission",
        "credit_record",
        "credit_state",
        "credit_indicator",
        "credit_rating",
        "credit_list",
        "credit_change",
        "sink_position",
        "sink_topic",
    ):
        run(reader, f"select * from {table}")
    for table in ("rejected", "unresolved"):
        columns = run(
            access.postgres_dsn,
            f"select string_agg(column_name, ', ') from information_schema.columns where table_name = '{table}'"
            " and column_name <> 'sealed'",
        )[0][0]
        run(reader, f"select {columns} from {table}")
        refused(reader, f"select sealed from {table}", f"select * from {table}", f"select {table} from {table}")
    refused(reader, "select 1 from person_record", "create temporary table x (a text)", "create table x (a text)")
    refused(reader, *(f"delete from {table}" for table in _TABLES))
    with table_snapshot(reader) as tables:
        assert tables.subject_counts(["people.qualification"]).persons == 0
        assert tables.record_counts("x") == {}
        assert tables.rejected(NotTakenFilter()) == tables.waiting(NotTakenFilter()) == []
        assert tables.rows(COVERAGE, ())


@pytest.mark.attack(by="who has the proof's password", wants="what persons' records hold")
def test_the_proof_compares_persons_and_reads_no_payload(access: Endpoints) -> None:
    proof = access.postgres_proof_dsn
    with bounded_snapshot(proof, "") as database:
        assert not database.began
    run(proof, "select subject, item, record_key, source_time, as_of, revision, content_hash from person_record")
    refused(proof, "select payload from person_record", "select sealed from rejected", "delete from credit_state")
    # Whoever waits for a lock can name its holder.
    run(proof, "select state from pg_stat_activity")
    with closing(connect(access.postgres_sink_dsn)) as busy, busy.cursor() as cursor:
        cursor.execute("select 1")
        active = "select state from pg_stat_activity where usename = 'credithub_sink' and state is not null"
        assert run(proof, active)
        assert not run(access.postgres_reader_dsn, active)


@pytest.mark.attack(by="who took over the portal", wants="more of the database than recipients are answered from")
def test_the_portal_reads_what_it_answers_from_and_nothing_else(access: Endpoints) -> None:
    portal = access.postgres_portal_dsn
    for table in ("credit_record", "credit_state", "credit_indicator"):
        run(portal, f"select * from {table}")
        refused(portal, f"delete from {table}", f"update {table} set subject = ''", f"truncate {table}")
    others = {*_TABLES, "sink_generation", "schema_migration"} - {"credit_record", "credit_state", "credit_indicator"}
    refused(portal, *(f"select 1 from {table}" for table in sorted(others)))
    refused(
        portal, "select person_subjects('{}')", "set role credithub_reader", "create temporary table x (a text)",
        "create table x (a text)",
    )  # fmt: skip


@pytest.mark.attack(by="who has any password of PostgreSQL", wants="the machine's files, by COPY")
def test_nobody_reaches_the_server_s_files_and_programs(access: Endpoints, server: Settings) -> None:
    dsns = [access.database(role) for role in DatabaseRole]
    for dsn in (*dsns, as_registry(server, postgres.REGISTRY_DATABASE)):
        with closing(connect(dsn)) as connection, connection.cursor() as cursor:
            for statement in (
                "copy (select 1) to program 'true'",
                "copy (select 1) to '/tmp/x'",
                "select pg_read_file('/etc/passwd')",
                "select pg_ls_dir('/')",
                "select lo_import('/etc/passwd')",
            ):
                with pytest.raises(errors.InsufficientPrivilege):
                    cursor.execute(statement)
                connection.rollback()


@pytest.mark.attack(by="who has the superuser's password", wants="root's files")
@pytest.mark.skipif(os.geteuid() != 0, reason="only for root somebody else runs the server")
def test_started_by_root_the_server_has_nothing_of_root(access: Endpoints, server: Settings, tmp_path: Path) -> None:
    data = HomeLayout.of(server).postgres / "data"
    servers = [process for process in psutil.process_iter() if _folder_of(process) == str(data)]
    assert len(servers) > 1
    for process in servers:
        status = Path(f"/proc/{process.pid}/status").read_text("utf-8")
        kept = re.findall(r"^Cap(?:Inh|Prm|Eff|Amb):\s*(\w+)$", status, re.MULTILINE)
        assert [int(capabilities, 16) for capabilities in kept] == [0, 0, 0, 0]
        assert re.search(r"^NoNewPrivs:\s*1$", status, re.MULTILINE)
        assert 0 not in process.uids()
    private, secret = tmp_path / "private", tmp_path / "secret"
    private.mkdir(mode=0o700)
    secret.write_text("of root")
    secret.chmod(0o600)
    (private / "file").write_text("of root")
    # Not even its superuser, whom PostgreSQL itself refuses nothing.
    for statement in (
        f"select pg_read_file('{secret}')",
        f"select pg_ls_dir('{private}')",
        f"create temporary table read (line text); copy read from '{secret}'",
        f"copy (select 1) to '{secret}'",
        f"copy (select 1) to program 'cat > {secret}'",
        f"select pg_read_file('../{DatabaseRole.OWNER.user}.password')",
    ):
        with pytest.raises((errors.InsufficientPrivilege, errors.ExternalRoutineException)):
            run(superuser_dsn(server), statement)


def _folder_of(process: psutil.Process) -> str:
    try:
        return process.cwd()
    except psutil.Error:
        return ""


@pytest.mark.attack(by="who has the registry's password", wants="the hub's tables, and the reverse")
def test_the_registry_has_its_own_database_alone(access: Endpoints, server: Settings) -> None:
    own = as_registry(server, postgres.REGISTRY_DATABASE)
    run(own, "create table schemas (a text); drop table schemas")
    with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
        psycopg2.connect(as_registry(server, postgres.DATABASE), connect_timeout=5)
    for role in DatabaseRole:
        address = f"{access.database(role).rpartition('/')[0]}/{postgres.REGISTRY_DATABASE}"
        with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
            psycopg2.connect(address, connect_timeout=5)


@pytest.mark.attack(by="who reads a failed start", wants="the passwords of the roles")
def test_what_fails_shows_no_password(access: Endpoints, server: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = postgres.password(HomeLayout.of(server), DatabaseRole.OWNER.user)
    broken = HomeLayout.of(server).home / "broken.sql"
    broken.write_text(
        "\\set ON_ERROR_STOP on\n\\getenv p POSTGRES_OWNER_PASSWORD\nalter role nobody password :'p' x;\n"
    )
    monkeypatch.setattr("hub.stack.database_roles.ROLES_FILE", broken)
    with pytest.raises(StackError, match="roles cannot be made") as caught:
        make_roles(server)
    assert secret not in str(caught.value)
