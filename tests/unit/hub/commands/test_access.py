"""``credithub access``: the rights of every user as commands, and no password without an administrator."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from catalogue.errors import UsageError
from hub.commands import access
from sinks.banks.recipients import bank_ids

NAMED = {
    "CREDITHUB_KAFKA_BOOTSTRAP": "kafka.example:9092",
    "CREDITHUB_REGISTRY_URL": "http://registry.example",
    "CREDITHUB_POSTGRES_DSN": "postgresql://db.example/hub",
    "CREDITHUB_UPSTREAM_URL": "http://up.example",
    "CREDITHUB_TOPIC_PREFIX": "x.",
}


@pytest.fixture
def app() -> typer.Typer:
    made = typer.Typer()
    made.callback()(lambda: None)
    access.register(made)
    return made


def test_the_rights_are_shown_for_who_runs_kafka(app: typer.Typer) -> None:
    shown = CliRunner().invoke(app, ["access", "show"], env=NAMED)
    assert shown.exit_code == 0, shown.output
    lines = shown.output.splitlines()
    assert all(line.startswith("kafka-acls.sh --bootstrap-server kafka.example:9092 ") for line in lines)
    bank = [line for line in lines if "User:x.bank.yinhe " in line]
    assert [line.split(" --topic ")[1].split()[0] for line in bank if " --topic " in line] == ["x.bank.yinhe.v1"]


def test_programs_get_them_as_json(app: typer.Typer) -> None:
    shown = json.loads(CliRunner().invoke(app, ["access", "show", "--json"], env=NAMED).output)
    assert {f"x.bank.{bank}" for bank in bank_ids()} < shown.keys()
    assert shown["x.clock"][0] == {
        "resource": "topic", "name": "calendar.v1", "is_prefix": False, "operation": "Read",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["bank.nobody"], "no user 'bank.nobody'"), (["bank.yinhe"], "no administrator's client file")],
)
def test_what_cannot_be_rotated_is_said(app: typer.Typer, tmp_path: Path, arguments: list[str], said: str) -> None:
    env = {**NAMED, "CREDITHUB_KAFKA_ACCESS": str(tmp_path)}
    failed = CliRunner().invoke(app, ["access", "rotate", *arguments], env=env)
    assert isinstance(failed.exception, UsageError)
    assert said in str(failed.exception)
    assert [*tmp_path.iterdir()] == []
