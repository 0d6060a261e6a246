"""A name that contradicts the registered one of its code is told once, with its rows, and costs no row."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.envelope import Op
from catalogue.errors import SinkUnavailable
from catalogue.load import load_catalogue
from connectors.notes import NoteKind, TableNote
from producers.submissions import name_check
from producers.submissions.name_check import CodeAndName, KnownNames, NameCheck
from producers.tables.headers import RecognisedTable, TableRecogniser

CATALOGUE = load_catalogue()
CODES = ["91350100M000100Y43", "91630102MAX000015H", "91630102MAX000023C"]
NAMES = ["虚构甲公司", "虚构乙公司", "虚构丙公司"]


def table(item: str) -> RecognisedTable:
    """Return a recognised table of an item, with all its titles."""
    declared = CATALOGUE.item(item)
    return TableRecogniser(CATALOGUE).recognise([(1, [field.zh for field in declared.fields])], [], declared)


@dataclass(slots=True)
class Stored:
    """The registered names of a hub; it notes how often each pair was asked about."""

    names: Mapping[str, str]
    away: bool = False
    asked: list[CodeAndName] = field(default_factory=list)

    def compared(self, pairs: Collection[CodeAndName]) -> dict[CodeAndName, str]:
        """Return what each registered pair contradicts."""
        self.asked += pairs
        if self.away:
            raise SinkUnavailable("away")
        return {p: "" if self.names[p[0]] == p[1] else self.names[p[0]] for p in pairs if p[0] in self.names}


def notes(known: KnownNames, *pairs: CodeAndName, item: str = "53", op: Op = Op.REPORT) -> tuple[TableNote, ...]:
    """Return the notes on a table with these rows, from row 2 on."""
    check = NameCheck(known, table(item))
    for row_no, (code, name) in enumerate(pairs, start=2):
        check.see(code, name, row_no, op)
    return check.notes()


def test_the_rows_are_named_and_the_registered_name() -> None:
    known = KnownNames(Stored({CODES[0]: NAMES[0], CODES[1]: NAMES[1]}))
    (note,) = notes(known, (CODES[0], NAMES[0]), (CODES[1], NAMES[0]), (CODES[2], NAMES[0]), (CODES[1], NAMES[0]))
    assert (note.kind, note.rows, note.count, note.column) == (NoteKind.NAME_CONTRADICTED, (3, 5), 2, "行政相对人名称")
    assert f"第3行的代码登记为“{NAMES[1]}”" in note.text


def test_where_nothing_is_registered_nothing_is_said() -> None:
    assert notes(KnownNames(Stored({})), (CODES[0], NAMES[0])) == ()
    assert notes(KnownNames(None), (CODES[0], NAMES[0])) == ()


def test_what_the_command_registered_itself_counts() -> None:
    known = KnownNames(Stored({CODES[1]: NAMES[1]}))
    assert notes(known, (CODES[0], NAMES[0]), (CODES[1], NAMES[2]), item="1") == ()
    # The name of before is one that is known.
    assert notes(known, (CODES[0], "虚构甲 公司"), (CODES[1], NAMES[1]), (CODES[1], NAMES[2])) == ()
    (note,) = notes(known, (CODES[0], NAMES[1]), (CODES[1], NAMES[0]))
    assert note.count == 2
    assert f"第2行的代码登记为“{NAMES[0]}”，第3行的代码登记为“{NAMES[2]}”" in note.text


def test_a_withdrawn_registration_registers_nothing() -> None:
    known = KnownNames(None)
    assert notes(known, (CODES[0], NAMES[0]), item="1", op=Op.WITHDRAW) == ()
    assert notes(known, (CODES[0], NAMES[1])) == ()


def test_who_does_not_answer_is_asked_once_and_the_receipts_say_so() -> None:
    stored = Stored({CODES[0]: NAMES[1]}, away=True)
    known = KnownNames(stored)
    for _ in range(2):
        (note,) = notes(known, (CODES[0], NAMES[0]))
        assert (note.kind, note.count) == (NoteKind.NAMES_UNCHECKED, 0)
    assert len(stored.asked) == 1


@given(st.lists(st.tuples(st.sampled_from(CODES), st.sampled_from(NAMES)), max_size=60))
def test_every_row_is_compared_however_few_pairs_are_kept(rows: list[CodeAndName]) -> None:
    registered = dict(zip(CODES, NAMES, strict=True))
    wrong = [n for n, (code, name) in enumerate(rows, start=2) if registered[code] != name]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(name_check, "_ASKED_AT_ONCE", 2)
        patch.setattr(name_check, "_MOST_KEPT", 1)
        found = notes(KnownNames(Stored(registered)), *rows)
    assert [(note.count, list(note.rows)) for note in found] == ([(len(wrong), wrong[:10])] if wrong else [])


def test_a_pair_is_asked_about_once() -> None:
    stored = Stored(dict(zip(CODES, NAMES, strict=True)))
    notes(KnownNames(stored), *[(code, NAMES[0]) for code in CODES] * 20)
    assert sorted(stored.asked) == sorted((code, NAMES[0]) for code in CODES)
