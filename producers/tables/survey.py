"""What the first rows of a recognised table say of all of them: how many cells each has, which columns have no title.

It is looked at once a table, so that nothing of it is decided again with every row.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from catalogue.titles import normal
from connectors.notes import NoteKind, RowNotes
from connectors.tables import Cell, SourceTable, column_letters
from producers.tables.texts import ends_in_zeros, is_empty

_LONG_NUMBER = re.compile("[0-9]{17}[0-9X]")
# So many whole numbers to each one that ends in zeros: of cells that lost their digits there are more.
_ENOUGH_WHOLE = 4


@dataclass(frozen=True, slots=True)
class TableSurvey:
    """``titles`` are the header's, by position; ``untitled`` are the positions of columns without one.

    In a text a row has ``least_cells`` to ``most_cells``; None: any. ``counts_days_from_1904`` is that of the source's
    table. In ``whole_numbers`` stand the positions of columns that hold long numbers with all of their digits.
    """

    titles: Mapping[int, str] = field(default_factory=dict)
    untitled: tuple[int, ...] = ()
    least_cells: int = 0
    most_cells: int | None = None
    counts_days_from_1904: bool = False
    whole_numbers: frozenset[int] = frozenset()

    def is_header(self, cells: Sequence[Cell]) -> bool:
        """Whether a row repeats the header, its titles in the header's order."""
        return all(
            index < len(cells) and isinstance(cell := cells[index], str) and normal(cell) == normal(title)
            for index, title in self.titles.items()
        )

    def note_cells(self, row_no: int, cells: Sequence[Cell], notes: RowNotes) -> None:
        """Note what a row has in columns without a title, and long numbers that may have lost their last digits."""
        width = len(cells)
        for index in self.untitled:
            if index < width and not is_empty(cells[index]):
                text = f"第{index + 1}列（{column_letters(index)}列）有内容而没有列名，没有采集"
                notes.add(NoteKind.UNTITLED_COLUMN, row_no, text)
        for index in self.whole_numbers:
            if index < width and type(cell := cells[index]) is str and ends_in_zeros(cell.strip()):
                # One of eleven that lost their last digits passes by chance.
                text = "末几位是零的长号码校验相符，按原样读取；请核对是否被 Excel 丢了末几位"
                notes.add(NoteKind.ENDS_IN_ZEROS, row_no, text, self.titles.get(index, ""))


def survey(
    table: SourceTable, head: Sequence[tuple[int, Sequence[Cell]]], header_row: int, taken: Collection[int], width: int
) -> TableSurvey:
    """Return what the first rows of a table say.

    ``taken`` are the positions of its recognised columns; behind ``width`` cells no title stands.
    """
    header_rows = [cells for number, cells in head if number <= header_row]
    titles = _titles(header_rows[-1]) if header_rows else {}
    if not set(taken) <= titles.keys() and len(header_rows) > 1:
        # A header of two rows: what the lower one leaves blank, the upper one says.
        titles = _titles(header_rows[-2]) | titles
    below = [cells for number, cells in head if number > header_row]
    least, most = (0, None) if table.sheet is not None else _widths(width, below)
    widest = max(map(len, below), default=0) if table.sheet is not None else width
    untitled = tuple(index for index in range(widest) if index not in titles and index not in taken)
    whole = frozenset(
        index for index in taken if _holds_whole_numbers(cells[index] for cells in below if len(cells) > index)
    )
    return TableSurvey(titles, untitled, least, most, table.counts_days_from_1904, whole)


def _holds_whole_numbers(column: Iterable[Cell]) -> bool:
    """Whether a program kept the last digits of a column's long numbers, all but a few that may end in zeros."""
    numbers = [text for cell in column if isinstance(cell, str) and _LONG_NUMBER.fullmatch(text := cell.strip())]
    lost = sum(map(ends_in_zeros, numbers))
    return len(numbers) - lost >= _ENOUGH_WHOLE * max(1, lost)


def _titles(cells: Sequence[Cell]) -> dict[int, str]:
    return {index: cell.strip() for index, cell in enumerate(cells) if isinstance(cell, str) and cell.strip()}


def _widths(width: int, rows: Sequence[Sequence[Cell]]) -> tuple[int, int]:
    """Return how many cells a row of a text has at least and at most.

    A row with one more has a delimiter inside of a value, even where its last cell is empty: what stands behind has
    shifted. Some programs end every row with a delimiter; none ends only some so. A row with fewer has lost one,
    where the others write their last cells even when they are empty.
    """
    records = [cells for cells in rows if sum(not is_empty(cell) for cell in cells) > 1]
    counts = Counter(map(len, records))
    least = min(counts, default=width)
    blank_behind = all(is_empty(cell) for cells in records if len(cells) == least for cell in cells[width:])
    most = least if least > width and blank_behind and (counts[least] > 1 or len(records) == 1) else width
    writes_empty = any(len(cells) >= width and is_empty(cells[width - 1]) for cells in records) if width else False
    return (width if writes_empty else 0), most
