"""Passwords in addresses, the plan of the hub's processes, and what a child is told."""

from pathlib import Path

import psycopg2.extensions

from hub.processes import hub_processes
from hub.settings import exact_settings
from hub.stack import blueprint, postgres, registry
from hub.stack.child import ChildSpec
from hub.stack.layout import Layout
from sinks.banks.recipients import bank_ids


def test_a_password_is_generated_once_kept_private_and_quoted(tmp_path: Path) -> None:
    layout = Layout.of(exact_settings(home=tmp_path))
    layout.create()
    first = postgres.password(layout, "a")
    assert postgres.password(layout, "a") == first
    assert postgres.password(layout, "b") != first
    assert (layout.postgres / "a.password").stat().st_mode & 0o077 == 0
    (layout.postgres / "credithub.password").write_text("p@ss/w:rd")
    parsed = psycopg2.extensions.parse_dsn(postgres.dsn(layout, 5433))
    assert (parsed["password"], parsed["port"], parsed["dbname"]) == ("p@ss/w:rd", "5433", "credithub")


def test_the_registry_of_an_existing_server_gets_a_database_beside() -> None:
    store = registry.external_store("postgresql://me:p%40ss@db.example:6000/hub?sslmode=require")
    assert store.url == "jdbc:postgresql://db.example:6000/hub_registry?sslmode=require"
    assert (store.user, store.password) == ("me", "p@ss")


def test_banks_are_the_names_of_their_files(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.yaml", "notes.md"):
        (tmp_path / name).touch()
    assert bank_ids(tmp_path) == ("a", "b")


def test_every_worker_and_sink_is_a_process() -> None:
    settings = exact_settings(workers=2)
    processes = {process.name: process.arguments for process in hub_processes(settings, 8090, ("x",))}
    assert processes["worker-1"] == ("worker", "--index", "1")
    assert processes["sink-bank.x"] == ("sink", "bank.x")
    assert processes["upstream"] == ("upstream", "--port", "8090")
    assert "upstream" not in {process.name for process in hub_processes(settings, None, ())}


def test_prometheus_is_told_where_the_processes_answer(tmp_path: Path) -> None:
    file = tmp_path / "targets.json"
    spec = ChildSpec("clock", ("x",), tmp_path / "log", address="http://127.0.0.1:9401/metrics")
    blueprint.write_targets(file, (spec,))
    assert '"127.0.0.1:9401"' in file.read_text()
    assert '"process": "clock"' in file.read_text()
