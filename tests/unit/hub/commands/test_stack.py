"""``credithub logs`` of a process that has written nothing says so."""

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from hub.commands import stack


@pytest.mark.parametrize(("written", "said"), [("", "The log of proof is empty"), ("a line\n", "a line")])
def test_an_empty_log_is_said_to_be_empty(tmp_path: Path, written: str, said: str) -> None:
    log = tmp_path / "logs" / "proof.log"
    log.parent.mkdir()
    log.write_text(written, "utf-8")
    app = typer.Typer()
    stack.register(app)
    result = CliRunner().invoke(app, ["logs", "proof"], env={"CREDITHUB_HOME": str(tmp_path)})
    assert result.exit_code == 0
    assert said in result.output
    assert ("is empty" in result.output) == (not written)
