"""ARCHITECTURE.md leads where it says: its rooms, its layers and every stop of a record are those of the code."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.layers import rooms
from tests.unit.docs.documents import ROOT, blocks, defined, section, spans

PAGE = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
# `path/to/module.py:function` or `path/to/module.py:Class.method`.
_STOP = re.compile(r"([\w/]+\.py):([A-Za-z_][\w.]*)")
STOPS = sorted({(match[1], match[2]) for span in spans(PAGE) if (match := _STOP.fullmatch(span))})
FOLDERS = sorted({span for span in spans(PAGE) if re.fullmatch(r"[a-z_]+(/[a-z_]+)*/", span)})


@pytest.mark.parametrize(("module", "name"), STOPS, ids=lambda part: str(part))
def test_a_stop_exists(module: str, name: str) -> None:
    assert name in defined(ROOT / module)


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_exists(folder: str) -> None:
    assert (ROOT / folder).is_dir()


def test_the_layers_are_those_that_are_checked() -> None:
    (shown,) = blocks(section(PAGE, "Layers"))
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    assert [_names(line, "·") for line in shown.splitlines()] == [_names(layer, "|") for layer in layers]


def _names(line: str, separator: str) -> set[str]:
    return {name.strip() for name in line.split(separator)}


def test_every_room_is_shown_and_no_other() -> None:
    rows = re.findall(r"^\| `([a-z_/]+)/`", section(PAGE, "Rooms"), re.MULTILINE)
    assert rooms() <= set(rows)
    assert [row for row in rows if not (ROOT / row).is_dir()] == []


def test_each_step_of_a_record_names_where_it_happens() -> None:
    steps = re.findall(r"^\| \d+ \|.*$", section(PAGE, "Follow one record"), re.MULTILINE)
    assert len(steps) >= 12
    assert [step for step in steps if not _STOP.search(step)] == []


def test_modules_of_the_page_are_files() -> None:
    assert [module for module, _ in STOPS if not Path(ROOT / module).is_file()] == []
