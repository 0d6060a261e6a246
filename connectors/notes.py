"""What a reader did with a table beyond reading its values: passed rows over, met hidden ones, left values out.

None of it stops a push. All of it stands in the receipt, so that nobody learns of it too late.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

MOST_ROWS_NAMED = 10


class NoteKind(StrEnum):
    """The kinds of notes. A kind never changes its meaning; new ones may come."""

    HIDDEN_ROWS = "HIDDEN_ROWS"  # rows that the workbook hides or filters out were read all the same
    HIDDEN_COLUMNS = "HIDDEN_COLUMNS"  # the same of columns
    UNTITLED_COLUMN = "UNTITLED_COLUMN"  # a column with values and no title was not taken
    MAPPING = "MAPPING"  # the columns are what a person said in a mapping
    PASSED_SHEET = "PASSED_SHEET"  # a sheet that reports nothing: a cover, a summary, notes on how to fill in
    TOTAL_ROWS = "TOTAL_ROWS"  # 小计, 合计: no record
    SAMPLE_ROWS = "SAMPLE_ROWS"  # 示例: no record
    FOOTER_ROWS = "FOOTER_ROWS"  # 填表人, 审核, 说明: no record
    HEADER_ROWS = "HEADER_ROWS"  # the header once more
    LEFT_OUT = "LEFT_OUT"  # a value of an optional field could not be read; its row was taken without it
    ENDS_IN_ZEROS = "ENDS_IN_ZEROS"  # a long number may have lost its last digits, though its check digit is right
    AMOUNT_UNIT = "AMOUNT_UNIT"  # in which unit an amount was read, and what said so
    DAMAGED_TEXT = "DAMAGED_TEXT"  # a text holds U+FFFD: a program before this one could not read it
    OVERRULED = "OVERRULED"  # an option of the command says another thing than the table or its names
    NAME_CONTRADICTED = "NAME_CONTRADICTED"  # rows name an enterprise otherwise than it is registered; they were taken
    NAMES_UNCHECKED = "NAMES_UNCHECKED"  # nobody could be asked what is registered
    FORMATS_UNREAD = "FORMATS_UNREAD"  # how this kind of workbook shows its cells is not read: hidden rows, formats


@dataclass(frozen=True, slots=True)
class TableNote:
    """One note, in the words of the reporter. ``rows`` are the first rows that it is about, ``count`` is how many."""

    kind: NoteKind
    text: str
    rows: tuple[int, ...] = ()
    count: int = 0
    column: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the note as JSON carries it."""
        return {
            "kind": self.kind.value, "text": self.text, "rows": list(self.rows),
            "count": self.count, "column": self.column,
        }  # fmt: skip

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """Return the note that JSON carries."""
        return cls(NoteKind(value["kind"]), value["text"], tuple(value["rows"]), value["count"], value["column"])


def note_of_rows(kind: NoteKind, text: str, rows: Iterable[int], column: str = "") -> TableNote:
    """Return a note about these rows; the first of them are named."""
    numbers = tuple(rows)
    return TableNote(kind, text, numbers[:MOST_ROWS_NAMED], len(numbers), column)


@dataclass(slots=True)
class RowNotes:
    """Gathers the notes about single rows: those that say the same of one column become one note."""

    _rows: dict[tuple[NoteKind, str, str], list[int]] = field(default_factory=dict)
    _counts: dict[tuple[NoteKind, str, str], int] = field(default_factory=dict)

    def add(self, kind: NoteKind, row_no: int, text: str, column: str = "") -> None:
        """Take in one row."""
        key = (kind, text, column)
        numbers = self._rows.setdefault(key, [])
        if len(numbers) < MOST_ROWS_NAMED:
            numbers.append(row_no)
        self._counts[key] = self._counts.get(key, 0) + 1

    def all(self) -> tuple[TableNote, ...]:
        """Return the notes in the order in which they first came."""
        return tuple(
            TableNote(kind, text, tuple(numbers), self._counts[kind, text, column], column)
            for (kind, text, column), numbers in self._rows.items()
        )
