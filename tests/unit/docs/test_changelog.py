"""The changelog is short, and its newest release is the one of the package and of its image."""

import re
import tomllib

import pytest

from tests.unit.docs.documents import ROOT

MOST_LINES = 15
MOST_CHARACTERS = 240
_TARGET = re.compile(r"\]\([^)]*\)")
_IMAGE = re.compile(r"\bcredithub:(\d+\.\d+\.\d+)")


def releases() -> dict[str, list[str]]:
    """Return the lines of each release, without the empty ones."""
    _, *found = re.split(r"^## ", (ROOT / "CHANGELOG.md").read_text("utf-8"), flags=re.MULTILINE)
    parts = [part.partition("\n") for part in found]
    return {title.strip(): [line for line in text.splitlines() if line.strip()] for title, _, text in parts}


def version() -> str:
    """Return the package's version."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return str(project["version"])


def test_a_release_has_at_most_fifteen_lines() -> None:
    assert {title: len(lines) for title, lines in releases().items() if len(lines) > MOST_LINES} == {}


def test_a_line_is_read_at_a_glance() -> None:
    # As it is shown: without the targets of its links.
    shown = [_TARGET.sub("]", line) for lines in releases().values() for line in lines]
    assert [line for line in shown if len(line) > MOST_CHARACTERS] == []


def test_the_package_s_version_is_the_newest_release() -> None:
    assert next(title for title in releases() if title != "Unreleased") == version()


@pytest.mark.parametrize("file", ["docker-compose.yml", "docs/operations.md"])
def test_the_image_has_the_package_s_version(file: str) -> None:
    assert set(_IMAGE.findall((ROOT / file).read_text("utf-8"))) == {version()}
