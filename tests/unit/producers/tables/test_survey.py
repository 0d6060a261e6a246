"""A number that ends in zeros is one whose digits a spreadsheet lost, or it is not: its column says which."""

import random
from collections.abc import Sequence

import pytest
from stdnum.cn import ric

from catalogue.load import load_catalogue
from connectors.notes import NoteKind, RowNotes
from connectors.tables import Cell, SourceTable
from producers.submissions.walk import surveyed
from producers.tables.headers import HeadedTable, TableRecogniser
from producers.tables.problems import ReasonCode
from producers.tables.rows import compile_row
from producers.tables.survey import TableSurvey
from simulation.people import draw_person, make_uscc

BALANCE = load_catalogue().item("19")
TITLES = ("纳税人名称", "统一社会信用代码", "法定代表人证件号码", "所属期起", "所属期止", "资产汇总")
WHOLE = [draw_person(random.Random(n), n).id_number for n in range(5)]
# Of days on which nobody was born: no province has the number 80.
ZEROS = [f"8099991985{month:02}{day:02}0000" for month in range(1, 13) for day in range(1, 29)]
IN_ZEROS = next(number for number in ZEROS if ric.calc_check_digit(number) == "0")
LOST = next(number for number in ZEROS if ric.calc_check_digit(number) != "0")


def test_a_number_that_is_taken_with_zeros_at_its_end_is_told() -> None:
    seen, notes = TableSurvey({0: "法定代表人证件号码"}, whole_numbers=frozenset({0})), RowNotes()
    for row_no, number in enumerate([*WHOLE, IN_ZEROS], start=2):
        seen.note_cells(row_no, [number], notes)
    (note,) = notes.all()
    assert (note.kind, note.column, note.rows) == (NoteKind.ENDS_IN_ZEROS, "法定代表人证件号码", (len(WHOLE) + 2,))


def problems(numbers: Sequence[str]) -> list[ReasonCode]:
    rows: list[list[Cell]] = [
        ["西宁样例商贸有限公司", make_uscc("630102", n), number, "2025-01-01", "2025-03-31", "1"]
        for n, number in enumerate(numbers)
    ]
    head: list[tuple[int, list[Cell]]] = list(enumerate([list(TITLES), *rows], start=1))
    table = HeadedTable(SourceTable(None, lambda: iter(head)), head)
    seen = surveyed(table, TableRecogniser(load_catalogue()).recognise(head, [], BALANCE))
    read = compile_row(seen.item, seen.columns, seen.extra)
    found = [read(number, cells) for number, cells in head[1:]]
    return [problem.code for row in found if row is not None for problem in (*row.problems, *row.left_out)]


def test_a_number_among_whole_ones_is_judged_by_its_check_digit() -> None:
    assert problems([*WHOLE, IN_ZEROS]) == []
    assert problems([*WHOLE, LOST]) == [ReasonCode.ID_NUMBER_INVALID]


@pytest.mark.parametrize("numbers", [[IN_ZEROS], [*WHOLE[:3], IN_ZEROS], [*WHOLE, IN_ZEROS, IN_ZEROS]])
def test_a_number_is_refused_where_others_may_have_lost_digits_too(numbers: Sequence[str]) -> None:
    lost = numbers.count(IN_ZEROS)
    assert problems(numbers) == [ReasonCode.DIGITS_LOST] * lost


def test_a_clerk_can_say_that_a_number_ends_so() -> None:
    assert problems(["'" + IN_ZEROS]) == []


def test_no_mark_brings_back_digits_that_are_gone() -> None:
    assert problems(["'8.09999E+17"]) == [ReasonCode.DIGITS_LOST]


def test_the_city_draws_no_number_in_zeros() -> None:
    assert not any(draw_person(random.Random(n), 1000 * n).id_number.endswith("000") for n in range(2000))
