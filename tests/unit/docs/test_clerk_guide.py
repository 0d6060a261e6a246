"""Every trial run that the clerks' guide shows is run, and what it prints is what the guide says, to the letter."""

import re
import shlex
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from catalogue.errors import HubError
from hub.commands.push import register
from hub.push_outcome import PushOutcome
from tests.unit.docs.documents import ROOT

GUIDE = ROOT / "docs/clerks/README.md"
WIDTH = 100
_TRIAL = re.compile(r"```console\n\$ credithub (.*?)\n(.*?)```", re.DOTALL)
TRIALS = dict(_TRIAL.findall(GUIDE.read_text("utf-8")))


def printed(arguments: str) -> str:
    """Return what a command prints, as a terminal shows it."""
    app = typer.Typer()
    register(app)
    result = CliRunner().invoke(app, shlex.split(arguments))
    if isinstance(result.exception, HubError):
        return f"error: {result.exception.message}\n  → {result.exception.remedy}\n"
    assert result.exit_code in tuple(PushOutcome), result.output
    return "\n".join(line.rstrip() for line in result.output.splitlines()) + "\n"


@pytest.mark.parametrize("arguments", TRIALS)
def test_a_trial_prints_what_the_guide_shows(arguments: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(GUIDE.parent)
    monkeypatch.setenv("COLUMNS", str(WIDTH))
    monkeypatch.setenv("CREDITHUB_HOME", str(tmp_path))
    assert printed(arguments) == TRIALS[arguments]


def test_the_guide_shows_refused_waiting_and_contradicting_files() -> None:
    text = "".join(TRIALS.values())
    for words in ("退回的行", "主体待定的行", "说法不一", "是不是：", "所属期：见各行"):
        assert words in text, words
