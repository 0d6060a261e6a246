"""Every command that a document names exists, with its options; so do the targets of make and the settings."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from hub import commands
from tests.unit.docs.documents import ROOT, blocks, documents, name_of, spans

_SEPARATORS = re.compile(r"\|\|?|&&|;")
_SETTING = re.compile(r"\bCREDITHUB_[A-Z_]+\b")
# What compose or a test reads, beside the settings.
_NO_SETTINGS = {"CREDITHUB_STACK"}


@pytest.fixture(scope="module")
def program() -> Any:
    app = typer.Typer()
    app.callback()(lambda: None)
    commands.register(app)
    return typer.main.get_command(app)


@pytest.mark.parametrize("document", documents(), ids=name_of)
def test_the_commands_exist_with_their_options(document: Path, program: Any) -> None:
    problems = [
        problem
        for words in _commands(document.read_text("utf-8"), "credithub")
        if (problem := _problem(program, words)) is not None
    ]
    assert problems == []


@pytest.mark.parametrize("document", documents(), ids=name_of)
def test_the_targets_of_make_exist(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = [words[0] for words in _commands(document.read_text("utf-8"), "make") if words]
    assert [name for name in named if "=" not in name and name not in targets] == []


@pytest.mark.parametrize("document", documents(), ids=name_of)
def test_the_settings_exist(document: Path) -> None:
    named = set(_SETTING.findall(document.read_text("utf-8"))) - _NO_SETTINGS
    assert named - set(_SETTING.findall((ROOT / "credithub.env.example").read_text("utf-8"))) == set()


def test_a_command_that_is_none_is_found(program: Any) -> None:
    text = "`credithub nowhere` and `credithub push --nowhere FILE`, `credithub keys list --json`, `credithub --help`"
    assert [_problem(program, words) for words in _commands(text, "credithub")] == [
        "credithub nowhere",
        "credithub push --nowhere FILE: --nowhere",
        None,
        None,
    ]


def _commands(text: str, name: str) -> Iterator[list[str]]:
    """Yield the arguments of every call of a program, in blocks and between backticks."""
    lines = [line for block in blocks(text) for line in block.replace("\\\n", " ").splitlines()]
    for line in [*lines, *spans(text)]:
        for part in _SEPARATORS.split(line):
            words = _words(part)
            while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
                words = words[1:]
            if words and words[0] == name:
                yield words[1:]


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line, comments=True)
    except ValueError:
        return line.split()


def _problem(program: Any, words: list[str]) -> str | None:
    """Return what of a command does not exist; None when all does."""
    said, command = f"credithub {' '.join(words)}", program
    while hasattr(command, "commands") and words and not words[0].startswith("-"):
        if words[0] in ("COMMAND", "…"):
            return None
        if words[0] not in command.commands:
            return said
        command, words = command.commands[words[0]], words[1:]
    known = {"--help", "-h"} | {name for p in command.params for name in (*p.opts, *p.secondary_opts)}
    options = [word.strip("[]").partition("=")[0] for word in words]
    unknown = [name for name in options if re.fullmatch(r"--?[a-z][a-z-]*", name) and name not in known]
    return f"{said}: {', '.join(unknown)}" if unknown else None
