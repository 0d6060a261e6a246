"""Cells of COPY hold what PostgreSQL takes, and as much of a value as that can be."""

import json
from decimal import Decimal
from typing import Any

import pytest

from sinks.postgres.tables import TargetTable, copy_line

TABLE = TargetTable("t", ("value",), ("value",), "")


def _read(line: str) -> str:
    """Undo COPY's escapes."""
    return line.removesuffix("\n").encode().decode("unicode_escape").encode("latin-1").decode()


@pytest.mark.parametrize(
    ("value", "held"),
    [
        ({"a": "x\x00y", "b\x00": ["\x00", {"c": "\x00z"}]}, {"a": "xy", "b": ["", {"c": "z"}]}),
        # Six characters that are no NUL, alone and beside one.
        ({"a": r"x\u0000"}, {"a": r"x\u0000"}),
        ([r"\\u0000", "\x00\\u0000", "\\\x00"], [r"\\u0000", r"\u0000", "\\"]),
        ({"amount": Decimal("1.50"), "empty": None, "nul": "\x00"}, {"amount": "1.50", "empty": None, "nul": ""}),
    ],
)
def test_json_loses_its_nuls_and_nothing_else(value: Any, held: Any) -> None:
    assert json.loads(_read(copy_line(TABLE, {"value": value}))) == held


def test_text_loses_its_nuls() -> None:
    assert copy_line(TABLE, {"value": "a\x00\\u0000\t"}) == "a\\\\u0000\\t\n"
