"""What every source of tables gives, whatever it reaches: cells, and tables of numbered rows."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from connectors.notes import TableNote

Cell = str | float | int | bool | date | datetime | None
TableRows = Iterator[tuple[int, list[Cell]]]


def _no_notes() -> tuple[TableNote, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class SourceTable:
    """One sheet of a workbook, or a whole text, answer or form (``sheet`` is None).

    Each call of ``rows`` begins at the first row. A row is its number as the reporter's own program shows it, from 1,
    and its cells; blank text is None. ``sheets`` are the names of all visible sheets of its workbook, filled or not.
    ``notes`` says what the reader met beside the values. ``counts_days_from_1904``: numbers that stand for dates
    count from 1904-01-01, as in workbooks from an old Macintosh.
    """

    sheet: str | None
    rows: Callable[[], TableRows]
    sheets: tuple[str, ...] = ()
    notes: Callable[[], tuple[TableNote, ...]] = _no_notes
    counts_days_from_1904: bool = False


def column_letters(index: int) -> str:
    """Return a column as a spreadsheet names it: 0 is A."""
    letters, rest = "", index + 1
    while rest:
        rest, digit = divmod(rest - 1, 26)
        letters = chr(ord("A") + digit) + letters
    return letters
