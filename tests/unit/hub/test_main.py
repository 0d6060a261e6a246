"""What the command answers before it has a subcommand."""

import tomllib

from typer.testing import CliRunner

from hub.main import app
from tests.services import REPOSITORY


def test_the_version_is_the_projects() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    answer = CliRunner().invoke(app, ["--version"])
    assert (answer.exit_code, answer.output.strip()) == (0, f"credithub {project['version']}")
