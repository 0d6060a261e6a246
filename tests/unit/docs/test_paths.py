"""Every path, and every name in a module, that a document speaks of exists."""

import re
from functools import cache
from pathlib import Path

import pytest

from tests.unit.docs.documents import ROOT, blocks, defined, documents, links, name_of, spans

# `path/to/module.py:Class.method`, `path/to/folder/`, `file.yml`, with a `*` where several are meant.
_PATH = re.compile(r"(?P<path>[\w.*-]+(?:/[\w.*-]+)*/?)(?::(?P<name>[A-Za-z_][\w.]*))?")
_SUFFIXES = {".py", ".md", ".toml", ".yml", ".yaml", ".avsc", ".sh"}
# Written while the hub runs, or named as an example.
_NOT_OURS = {"credithub.env", "server.properties", "meta.properties", "sinks/banks/yinhe2.yaml"}


@pytest.mark.parametrize("document", documents(), ids=name_of)
def test_the_paths_in_backticks_exist(document: Path) -> None:
    missing = [span for span in spans(document.read_text("utf-8")) if _is_missing(span, document)]
    assert missing == []


@pytest.mark.parametrize("document", documents(), ids=name_of)
def test_the_paths_in_blocks_exist(document: Path) -> None:
    words = [word for block in blocks(document.read_text("utf-8")) for word in block.split()]
    missing = [word for word in words if "/" in word and _is_missing(word, document)]
    assert missing == []


@pytest.mark.parametrize("document", documents(), ids=name_of)
def test_the_links_lead_somewhere(document: Path) -> None:
    own = [link for link in links(document.read_text("utf-8")) if "://" not in link]
    assert [link for link in own if not (document.parent / link).exists()] == []


def test_a_path_that_is_gone_is_found() -> None:
    here = ROOT / "README.md"
    assert _is_missing("rules/no_such.py", here)
    assert _is_missing("rules/merge.py:no_such", here)
    assert _is_missing("no_such.py", here)
    assert not _is_missing("rules/merge.py", here)
    assert not _is_missing("catalogue/data/*.yaml", here)
    assert not _is_missing("run/endpoints.json", here)


def _is_missing(word: str, document: Path) -> bool:
    match = _PATH.fullmatch(word.rstrip(".,;:"))
    if match is None or match["path"].rstrip("/") in _NOT_OURS:
        return False
    path = match["path"]
    is_file_name = "/" not in path and Path(path).suffix in _SUFFIXES
    if not is_file_name and ("/" not in path or path.split("/")[0] not in _top()):
        return False
    found = _found(path, document, anywhere=is_file_name)
    if not found:
        return True
    return match["name"] is not None and all(match["name"] not in defined(file) for file in found)


def _found(path: str, document: Path, *, anywhere: bool) -> list[Path]:
    for folder in (ROOT, document.parent):
        if found := list(folder.glob(path.rstrip("/"))):
            return found
    return [ROOT / file for file in _files() if file.endswith(f"/{path}")] if anywhere else []


@cache
def _top() -> frozenset[str]:
    return frozenset(folder.name for folder in ROOT.iterdir() if folder.is_dir() and folder.name[0] != ".")


@cache
def _files() -> tuple[str, ...]:
    rooms = [ROOT / name for name in sorted(_top())]
    files = (file for room in rooms for file in room.rglob("*") if file.suffix in _SUFFIXES)
    return tuple(file.relative_to(ROOT).as_posix() for file in files if "node_modules" not in file.parts)
