"""The catalogue against the notice it comes from, 宁发改外资〔2022〕542号, cell by cell."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

import catalogue
from catalogue.load import load_catalogue
from catalogue.model import PERIOD_ZH, Field, Item

NOTICE = Path(catalogue.__file__).parent / "source" / "notice-542.txt"
CATALOGUE = load_catalogue()


@dataclass(frozen=True)
class Row:
    """One row of the notice's table, its cells without the line breaks of the print."""

    seq: int
    category: str
    name: str
    content: str  # as printed
    period: str
    units: str


def unbroken(text: str) -> str:
    """Return a cell without the white space that the print's narrow columns put into words."""
    return re.sub(r"\s+", "", text)


def table() -> tuple[Row, ...]:
    """Return the rows of the notice; a row without a category continues the one above."""
    rows: list[Row] = []
    category = ""
    for line in NOTICE.read_text("utf-8").splitlines():
        cells = line.split("\t")
        if len(cells) != 7 or not cells[0].isdigit():
            # Between the rows stand only page breaks: blank lines and the heading again.
            assert not rows or not line.strip() or cells[0] == "序号", line
            continue
        category = unbroken(cells[1]) or category
        rows.append(Row(int(cells[0]), category, unbroken(cells[2]), cells[3], cells[4], unbroken(cells[5])))
    return tuple(rows)


ROWS = table()


def content(item: Item) -> str:
    """Join the fields' source texts as the list printed them.

    Fields split from one text count once; where the list forgot the 、 between two fields, none is put.
    """
    joined = ""
    before: Field | None = None
    for field in (f for f in item.fields if not f.added):
        if before is not None:
            split = "拆分" in field.correction and "拆分" in before.correction
            if split and field.source == before.source:
                continue
            unseparated = "漏印顿号" in field.correction and "漏印顿号" in before.correction
            joined += "" if unseparated else "、"
        joined += field.source
        before = field
    return joined


def test_the_notice_has_68_items_in_20_categories() -> None:
    assert [row.seq for row in ROWS] == list(range(1, 69))
    printed = list(dict.fromkeys(row.category for row in ROWS))
    assert len(printed) == 20
    assert [c.zh for c in CATALOGUE.categories] == printed
    assert {i.seq: c.zh for c in CATALOGUE.categories for i in c.items} == {r.seq: r.category for r in ROWS}


def test_the_catalogue_has_the_25_units_of_the_notice() -> None:
    assert len(CATALOGUE.units) == 25
    asked = {unit for item in CATALOGUE.items for unit in item.units}
    assert asked == set(CATALOGUE.units)
    assert len({unit.zh for unit in CATALOGUE.units.values()}) == 25


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.seq}-{row.name}")
def test_an_item_is_as_the_notice_prints_it(row: Row) -> None:
    item = CATALOGUE.item(str(row.seq))
    assert item.zh == row.name
    assert PERIOD_ZH[item.period] == row.period
    assert "".join(CATALOGUE.units[unit].zh for unit in item.units) == row.units
    assert unbroken(item.source) == unbroken(row.content)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.seq}-{row.name}")
def test_splitting_the_content_into_fields_loses_nothing(row: Row) -> None:
    item = CATALOGUE.item(str(row.seq))
    assert unbroken(content(item)) == unbroken(row.content)


def test_a_lost_field_is_noticed() -> None:
    row, item = ROWS[0], CATALOGUE.item("1")
    assert unbroken(content(replace(item, fields=item.fields[1:]))) != unbroken(row.content)
    swapped = (item.fields[1], item.fields[0], *item.fields[2:])
    assert unbroken(content(replace(item, fields=swapped))) != unbroken(row.content)


def test_a_field_that_differs_from_the_notice_says_why() -> None:
    fields = [f for item in CATALOGUE.items for f in item.fields if not f.added]
    assert [f.name for f in fields if f.zh != f.source and not f.correction] == []
