"""The tables have the columns that are written into them."""

import re

import pytest

from sinks.postgres.schema import MIGRATIONS
from sinks.postgres.tables import TABLES, TargetTable

SQL = "\n".join(path.read_text("utf-8") for path in sorted(MIGRATIONS.glob("*.sql")))


def columns_of(name: str) -> set[str]:
    """Return the names that the migrations give a table, its keywords among them."""
    created = re.search(rf"create table {name} \((.*?)\);\n", SQL, re.DOTALL)
    assert created is not None, name
    model = re.match(r"like (\w+)", created[1])
    if model is not None:
        return columns_of(model[1]) | set(re.findall(rf"alter table {name} add column (\w+)", SQL))
    added = re.findall(rf"alter table {name} add column (\w+)", SQL)
    return {*re.findall(r"(?:^|,)\s*(\w+)", created[1], re.MULTILINE), *added}


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_every_column_that_is_written_is_there(table: TargetTable) -> None:
    assert set(table.columns) - columns_of(table.name) == set()
