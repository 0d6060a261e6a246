"""Operators see by their commands what is due, what is overdue, and sums."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
import typer
import uvicorn
from typer.testing import CliRunner, Result

from hub.commands import consent, outcomes
from rules.release.consent.terms import Mode
from tests.builders.consents import SUBJECT
from tests.integration.portal.conftest import TOKEN
from tests.integration.portal.recipients.conftest import World
from tests.ports import free_port
from tests.serving import serving


@pytest.fixture
def url(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the address that the commands ask."""
    url = f"http://127.0.0.1:{free_port()}"
    unused = dict.fromkeys(("KAFKA_BOOTSTRAP", "REGISTRY_URL", "POSTGRES_DSN", "UPSTREAM_URL"), "unused")
    for name, value in {**unused, "HOME": str(tmp_path), "PORTAL_URL": url, "PORTAL_TOKEN": TOKEN}.items():
        monkeypatch.setenv(f"CREDITHUB_{name}", value)
    return url


def run(*words: str) -> Result:
    program = typer.Typer()
    consent.register(program)
    outcomes.register(program)
    return CliRunner().invoke(program, words, catch_exceptions=False)


def test_the_commands_tell_what_is_due_and_what_was_reported(world: World, url: str) -> None:
    ended = world.granted(mode=Mode.STREAM)
    world.revoke(ended)
    said = {"consent": ended.terms.number, "subject": SUBJECT, "application": ended.terms.application}
    applied = {**said, "kind": "APPLIED", "day": f"{world.clock():%Y-%m-%d}", "amount": "20000.50"}
    assert world.send("yinhe", "outcomes", batch="B-1", outcomes=[applied]).status_code == 200
    port = int(url.rpartition(":")[2])
    with serving(uvicorn.Config(world.client.app, port=port, lifespan="off", log_config=None, access_log=False)):
        due = run("consent", "deletions", "--json")
        assert (due.exit_code, [one["consent"] for one in json.loads(due.stdout)]) == (0, [ended.terms.number])
        assert (run("consent", "deletions", "--overdue").exit_code, run("consent", "deletions").exit_code) == (0, 0)
        world.clock.ahead = timedelta(days=31)
        late = run("consent", "deletions", "--overdue", "--recipient", "yinhe")
        assert late.exit_code == 3
        assert ended.terms.number in late.stdout
        (sums,) = json.loads(run("outcomes", "--json").stdout)
        assert (sums["recipient"], sums["amounts_cny"]) == ("yinhe", {"APPLIED": "20000.50"})
        assert SUBJECT not in run("outcomes").stdout
