"""The attempts themselves: how many there are, that each says who makes it and what for, and where they are written."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tests.unit.docs.documents import ROOT, defined, spans

FEWEST = 60
SECURITY = ROOT / "docs" / "security.md"
_NAMED = re.compile(r"(tests/[\w/]+\.py)(?::(test_\w+))?")


class Attempt(NamedTuple):
    """A test that is marked as an attempt, and what the mark says."""

    file: str
    name: str
    by: str
    wants: str


@cache
def attempts() -> tuple[Attempt, ...]:
    """Return every attempt of the suite, by file."""
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    return tuple(found for file in files for found in _marked(file))


def _marked(file: Path) -> Iterator[Attempt]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef):
            for mark in node.decorator_list:
                if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.attack":
                    said = {word.arg or "": ast.literal_eval(word.value) for word in mark.keywords}
                    path = file.relative_to(ROOT).as_posix()
                    yield Attempt(path, node.name, said.get("by", ""), said.get("wants", ""))


def test_there_are_enough_and_each_says_who_makes_it_and_what_for() -> None:
    names = [attempt.name for attempt in attempts()]
    assert len(set(names)) >= FEWEST
    assert len(names) == len(set(names))
    assert [attempt for attempt in attempts() if not (attempt.by and attempt.wants)] == []
    assert len({attempt.wants for attempt in attempts()}) == len(names)


def test_whatever_lies_here_is_an_attempt() -> None:
    here = [file for file in Path(__file__).parent.rglob("test_*.py") if file != Path(__file__)]
    written = {name for file in here for name in defined(file) if name.startswith("test_")}
    assert written <= {attempt.name for attempt in attempts()}


def test_the_document_names_attempts_and_every_file_of_them() -> None:
    named = [match.groups() for span in spans(SECURITY.read_text("utf-8")) if (match := _NAMED.fullmatch(span))]
    known = {(attempt.file, attempt.name) for attempt in attempts()}
    assert [one for one in named if one[1] is not None and one not in known] == []
    assert {attempt.file for attempt in attempts()} - {file for file, _ in named} == set()
