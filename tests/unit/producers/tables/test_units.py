"""In which unit amounts are read: as stated, as answered, or asked; assumed only where the list knows one unit."""

from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.errors import FileRefused
from catalogue.load import load_catalogue
from connectors.tables import Cell
from producers.tables.headers import RecognisedTable, TableRecogniser
from producers.tables.problems import ReasonCode
from producers.tables.rows import TableRow, compile_row
from producers.tables.units import MoneyUnits, UnitQuestion, settle_units, unit_notes

CATALOGUE = load_catalogue()
RECOGNISER = TableRecogniser(CATALOGUE)
CODE = "91350100M000100Y43"


def settled(item: str, titles: Sequence[str], rows: Sequence[Sequence[Cell]], *answers: str) -> RecognisedTable:
    head = list(enumerate(map(list, (titles, *rows)), start=1))
    recognised = RECOGNISER.recognise(head, [], CATALOGUE.item(item))
    return settle_units(recognised, head, MoneyUnits.parse(answers))


def capital(title: str, cells: Sequence[Cell], *answers: str, later: Cell = None) -> list[TableRow]:
    rows: list[list[Cell]] = [["样例公司", CODE, cell] for cell in cells]
    seen = settled("1", ["企业名称", "统一社会信用代码", title], rows, *answers)
    read = compile_row(seen.item, seen.columns)
    found = [read(number, row) for number, row in enumerate([*rows, ["样例公司", CODE, later]], start=2)]
    return [row for row in found if row is not None]


PENALTY = (
    "行政相对人名称", "统一社会信用代码", "行政处罚决定书文号", "行政处罚决定日期", "行政机关名称", "罚款金额",
)  # fmt: skip


def penalty(fine: Cell) -> list[Cell]:
    return ["甲", CODE, "样例罚〔2025〕1号", "2025-01-02", "样例局", fine]


def test_a_bare_amount_is_asked_where_the_lists_own_title_names_another_unit() -> None:
    with pytest.raises(UnitQuestion, match="“注册资本”的单位是元还是万元") as question:
        capital("注册资本", ["5000000"])
    # The sign says the currency: beside it a table of 万元 looks as one of 元.
    with pytest.raises(UnitQuestion, match="“注册资本”的单位是元还是万元"):
        capital("注册资本", ["￥500", "人民币600"])
    assert question.value.columns == ("注册资本",)
    assert "--money-unit 注册资本=万元" in question.value.remedy


@pytest.mark.parametrize("answer", ["万元", "注册资本=万元", "registered_capital=万元", "注册资本(金)(万元)=万元"])
def test_an_answer_is_taken(answer: str) -> None:
    rows = capital("注册资本", ["500", "100元"], answer)
    assert [row.values["registered_capital"] for row in rows[:2]] == [5_000_000, 100]


@given(st.sampled_from(["元", "千元", "百万元", "亿元"]), st.integers(1, 10**6))
def test_what_the_title_states_needs_no_answer(unit: str, number: int) -> None:
    rows = capital(f"注册资本({unit})", [str(number)], "万元")
    factor = {"元": 1, "千元": 1000, "百万元": 10**6, "亿元": 10**8}[unit]
    assert rows[0].values["registered_capital"] == number * factor


def test_one_column_with_and_without_units_is_a_question() -> None:
    with pytest.raises(UnitQuestion, match="有的金额写了单位，有的没有写"):
        capital("注册资本", ["100万元", "500"])
    with pytest.raises(UnitQuestion, match="有的金额写了单位，有的没有写"):
        settled("53", PENALTY, [penalty("0.5万元"), penalty("700")])


@pytest.mark.parametrize("later", ["500", "￥500"])
def test_a_later_amount_without_a_unit_is_refused_where_the_first_ones_have_theirs(later: str) -> None:
    rows = capital("注册资本", ["100万元", "5,000元", "0"], later=later)
    assert [row.values["registered_capital"] for row in rows[:3]] == [1_000_000, 5000, 0]
    assert [problem.code for problem in rows[3].problems] == [ReasonCode.UNIT_MISSING]


def test_a_later_amount_in_another_unit_makes_an_assumed_column_doubtful() -> None:
    seen = settled("53", PENALTY, [penalty("5000.00")])
    read = compile_row(seen.item, seen.columns)
    amounts = {cell: read(2, penalty(cell)) for cell in ("700", "5元", "0.5万元")}
    assert {cell: row and row.values.get("fine_amount") for cell, row in amounts.items()} == {
        "700": Decimal(700), "5元": Decimal(5), "0.5万元": None,
    }  # fmt: skip
    (note,) = unit_notes(seen.columns.values())
    assert note.column == "罚款金额"
    assert "表中没有写明单位" in note.text


def test_a_column_without_a_unit_beside_one_of_another_unit_is_asked() -> None:
    titles = [*PENALTY[:-1], "罚款金额(万元)", "没收违法所得和没收财物的金额"]
    with pytest.raises(UnitQuestion) as question:
        settled("53", titles, [[*penalty("0.5"), "3"]])
    assert question.value.columns == (titles[-1],)


@pytest.mark.parametrize("answer", ["", "公斤", "注册资本=", "=万元", "注册资本=美元"])
def test_an_answer_that_is_no_unit_is_refused(answer: str) -> None:
    with pytest.raises(FileRefused, match="看不懂金额单位"):
        MoneyUnits.parse([answer])
