"""A header of several lines is one header, and no record is taken for a line of it."""

import pytest

from catalogue.load import load_catalogue
from connectors.tables import Cell
from producers.tables.header_rows import HeaderRows, NumberedCells, find_header
from producers.tables.headers import TableRecogniser

CATALOGUE = load_catalogue()
RECOGNISER = TableRecogniser(CATALOGUE)
KNOWN = frozenset(key for item in CATALOGUE.items for key in RECOGNISER.matcher(item).keys)
TITLES: list[Cell] = ["行政相对人名称", "统一社会信用代码", "行政处罚决定书文号", "罚款金额(万元)", "处罚机关"]
RECORD: list[Cell] = ["甲公司", "91630102MA00000001", "宁罚〔2025〕1号", 2.0, "某局"]


def _header(*rows: list[Cell]) -> HeaderRows:
    numbered: list[NumberedCells] = list(enumerate(rows, start=1))
    header = find_header(numbered, KNOWN)
    assert header is not None
    return header


@pytest.mark.parametrize(
    "line",
    [
        ["CF_XDR_MC", "CF_XDR_SHXYM", "CF_WSH", "CF_NR_FK", "CF_CFJG"],
        ["name", "credit code", "document", "fine", "organ"],
        [1.0, 2.0, 3.0, 4.0, 5.0], ["(1)", "(2)", "(3)", "(4)", "(5)"], ["A", "B", "C", "D", "E"],
        ["文本，必填", "18位", "文本", "数值", "必填"],
        ["subject_name", "uscc", "penalty_decision_number", None, None],
    ],
)  # fmt: skip
def test_a_line_below_the_titles_that_is_no_record_belongs_to_the_header(line: list[Cell]) -> None:
    header = _header(["某局行政处罚"], TITLES, line, RECORD)
    assert (header.first, header.last, header.titles) == (1, 2, TITLES)


def test_the_titles_may_stand_below_their_codes() -> None:
    header = _header(["CF_XDR_MC", "CF_XDR_SHXYM", "CF_WSH", "CF_NR_FK", "CF_CFJG"], TITLES, RECORD)
    # The code does not say the unit.
    assert (header.last, header.titles) == (1, TITLES)


@pytest.mark.parametrize("record", [RECORD, ["甲公司", None, "无", None, "某局"], ["乙厂", "", "", "", ""]])
def test_a_record_is_no_line_of_the_header(record: list[Cell]) -> None:
    assert _header(TITLES, record, RECORD).last == 0


def test_groups_are_joined_downwards_and_a_tie_prefers_the_joined_titles() -> None:
    header = _header(
        ["行政相对人", None, "法定代表人", None, "行政处罚决定书文号", "处罚机关"],
        ["名称", "统一社会信用代码", "姓名", "证件号码", "行政处罚决定书文号", "处罚机关"],
        ["甲公司", "91630102MA00000001", "张三", "1", "宁罚〔2025〕1号", "某局"],
    )
    assert header.last == 1
    assert header.titles[0] == "行政相对人名称"
    assert header.titles[2:] == ["法定代表人姓名", "法定代表人证件号码", "行政处罚决定书文号", "处罚机关"]


def test_a_line_of_units_gives_the_titles_their_units() -> None:
    header = _header([*TITLES[:3], "罚款金额"], [None, None, None, "万元"], RECORD[:4])
    assert (header.last, header.titles[3]) == (1, "罚款金额万元")


@pytest.mark.parametrize("above", [RECORD, ["甲公司", "91630102MA00000001", "证件号码", None, "某局"]])
def test_a_repeated_header_is_not_joined_with_the_record_above_it(above: list[Cell]) -> None:
    for titles in (TITLES, ["subject_name", "uscc", "penalty_decision_number", "fine_amount", "authority_name"]):
        assert _header([None, *titles], ["样例", *above], [None, *titles], ["样例", *RECORD]).last == 0


def test_a_header_that_is_repeated_at_once_is_not_joined_with_itself() -> None:
    titles: list[Cell] = ["行政相对人名称", "统一社会信用代码", "行政处罚决定书文号"]
    assert _header(titles, titles, RECORD[:3]).titles == titles


@pytest.mark.parametrize("unit", ["（单位：千元）", "(单位:万元)", "【万元】"])
def test_the_unit_above_a_table_is_no_group_of_its_titles(unit: str) -> None:
    header = _header([unit, None, None, None, None], [*TITLES[:3], "*罚款金额", "处罚机关"], RECORD)
    assert (header.first, header.titles[3]) == (1, "*罚款金额")
