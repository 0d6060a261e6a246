"""The industry of an enterprise by GB/T 4754-2017: its section (门类), and the digits of its code if it has any."""

import functools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import yaml

# A section's letter, up to four digits (division, group, class), or both. Letters beyond T are none.
_CODE = re.compile(r"([A-T]?)(\d{2,4})?")
SECTIONS_FILE = Path(__file__).parent / "sections.yaml"


class Industry(NamedTuple):
    """``section``: a letter from A to T, empty where it is unknown; ``digits``: of the code, as many as there are."""

    section: str = ""
    digits: str = ""


@functools.cache
def section_names() -> Mapping[str, str]:
    """Return the Chinese names of the sections by their letters."""
    return {row["id"]: row["zh"] for row in yaml.safe_load(SECTIONS_FILE.read_text("utf-8"))["sections"]}


@functools.cache
def _section_of_division() -> Mapping[int, str]:
    rows = yaml.safe_load(SECTIONS_FILE.read_text("utf-8"))["sections"]
    return {number: row["id"] for row in rows for number in range(row["divisions"][0], row["divisions"][1] + 1)}


def industry_of(code: str | None, name: str | None) -> Industry:
    """Return the industry that a registration names: by its code, else by the name of a section.

    A letter that contradicts the digits makes both worth nothing.
    """
    match = _CODE.fullmatch((code or "").strip().upper())
    letter, digits = (match[1], match[2] or "") if match is not None else ("", "")
    if digits:
        section = _section_of_division().get(int(digits[:2]), "")
        return Industry() if not section or letter not in ("", section) else Industry(section, digits)
    if letter:
        return Industry(letter)
    named = (name or "").strip()
    return Industry(next((section for section, zh in section_names().items() if zh == named), ""))
