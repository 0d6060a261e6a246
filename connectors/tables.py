"""What every source of tables gives, whatever it reaches: cells, and tables of numbered rows."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

Cell = str | float | int | bool | date | datetime | None
TableRows = Iterator[tuple[int, list[Cell]]]


@dataclass(frozen=True, slots=True)
class SourceTable:
    """One sheet of a workbook, or a whole text, answer or form (``sheet`` is None).

    Each call of ``rows`` begins at the first row. A row is its number as the reporter's own program shows it, from 1,
    and its cells; blank text is None. ``sheets`` are the names of all visible sheets of its workbook, filled or not.
    """

    sheet: str | None
    rows: Callable[[], TableRows]
    sheets: tuple[str, ...] = ()
