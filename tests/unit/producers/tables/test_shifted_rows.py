"""One bad value is left out; one that stands in its neighbour's column is a row that has shifted."""

from collections.abc import Sequence

import pytest

from catalogue.load import load_catalogue
from connectors.tables import Cell
from producers.tables.headers import TableRecogniser
from producers.tables.rows import compile_row
from producers.tables.shifted_rows import ShiftCheck

RECOGNISER = TableRecogniser(load_catalogue())
TITLES: list[Cell] = [
    "企业名称",
    "统一社会信用代码",
    "年报年度",
    "邮政编码",
    "登记机关",
    "登记机关统一社会信用代码",
    "从业人数是否公示",
]
CODE, BUREAU = "91350100M000100Y43", "11630105MAX0012A4X"


@pytest.mark.parametrize(
    ("cells", "shifted"),
    [
        (["样例公司", CODE, "2025", "810000", "样例局", "没写对", "是"], False),
        # The bureau's name was lost, and its code stands in the name's column.
        (["样例公司", CODE, "2025", "810000", BUREAU, "是", None], True),
        # The row ends before the header does.
        (["样例公司", CODE, "2025", "810000", "样例局", "没写对"], True),
        # A comma in the postal code's column.
        (["样例公司", CODE, "2025", "810000", "甲", "样例局", BUREAU], True),
    ],
)
def test_a_row_that_has_shifted_is_seen_by_its_neighbours(cells: Sequence[Cell], shifted: bool) -> None:
    table = RECOGNISER.recognise([(1, TITLES)], ["年报信息-基本信息"])
    row = compile_row(table.item, table.columns, table.extra)(2, cells)
    assert row is not None
    assert row.left_out
    assert ShiftCheck(table).has_shifted(row, cells) is shifted


@pytest.mark.parametrize(
    ("titles", "values", "shifted"),
    [
        # The number between them is in its place: both are bad by themselves.
        (["联系电话", "从业人数", "电子邮箱"], ["没填", "12", "没写对"], False),
        # Side by side, or with a text between, nothing says that they are where they should be.
        (["从业人数", "联系电话", "电子邮箱"], ["12", "没填", "没写对"], True),
        (["联系电话", "登记机关", "电子邮箱"], ["没填", "样例局", "没写对"], True),
    ],
)
def test_two_bad_values_are_no_shift_where_one_between_them_is_right(
    titles: list[Cell], values: list[Cell], shifted: bool
) -> None:
    table = RECOGNISER.recognise([(1, [*TITLES[:3], *titles])], ["年报信息-基本信息"])
    cells: list[Cell] = ["样例公司", CODE, "2025", *values]
    row = compile_row(table.item, table.columns, table.extra)(2, cells)
    assert row is not None
    assert len(row.left_out) == 2
    assert ShiftCheck(table).has_shifted(row, cells) is shifted
