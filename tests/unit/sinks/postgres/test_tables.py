"""Cells of COPY hold what PostgreSQL takes, and as much of a value as that can be."""

import json
import re
from decimal import Decimal
from typing import Any

import pytest

from bus.topics import RECORD
from sinks.postgres.schema import MIGRATIONS
from sinks.postgres.tables import TABLES, TargetTable, copy_line

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


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_a_migration_makes_every_column_that_a_topic_fills(table: TargetTable) -> None:
    """A field that a record gains needs a column, or its sink ends with the first message."""
    sql = "\n".join(path.read_text("utf-8") for path in sorted(MIGRATIONS.glob("*.sql")))
    if table.name == "person_record":
        table = TABLES[RECORD]
    made = re.findall(rf"create table {table.name} \((.*?)\n\);", sql, re.DOTALL)
    added = re.findall(rf"alter table {table.name} add column (\w+)", sql)
    columns = {*re.findall(r"(\w+) (?:text|bigint|integer|boolean|date|jsonb|bytea|timestamptz)\b", made[0]), *added}
    assert set(table.columns) <= columns
    assert len(added) == len(set(added))
