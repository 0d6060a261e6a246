"""Which module has which commands is told by hand, so that a command loads its own module alone."""

import importlib

import pytest
import typer

from hub.commands import COMMANDS


@pytest.mark.parametrize("module", COMMANDS)
def test_every_command_is_told_with_its_module(module: str) -> None:
    app = typer.Typer()
    app.callback()(lambda: None)
    importlib.import_module(f"hub.commands.{module}").register(app)
    group = typer.main.get_command(app)
    assert tuple(getattr(group, "commands")) == COMMANDS[module]  # noqa: B009 - a group, which mypy does not see
