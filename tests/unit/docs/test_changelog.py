"""The changelog is short, and its newest release is the one of the package."""

import re
import tomllib

from tests.unit.docs.documents import ROOT

MOST_LINES = 15


def releases() -> dict[str, list[str]]:
    """Return the lines of each release, without the empty ones."""
    _, *found = re.split(r"^## ", (ROOT / "CHANGELOG.md").read_text("utf-8"), flags=re.MULTILINE)
    parts = [part.partition("\n") for part in found]
    return {title.strip(): [line for line in text.splitlines() if line.strip()] for title, _, text in parts}


def test_a_release_has_at_most_fifteen_lines() -> None:
    assert {title: len(lines) for title, lines in releases().items() if len(lines) > MOST_LINES} == {}


def test_the_package_s_version_is_the_newest_release() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert next(title for title in releases() if title != "Unreleased") == version
