"""Whether the cells of a row in a text file stand in wrong columns, seen by a value that its column cannot read."""

from collections.abc import Sequence
from itertools import pairwise

from catalogue.model import FieldType
from connectors.tables import Cell
from producers.tables.headers import RecognisedTable
from producers.tables.rows import TableRow, compile_row

# Anything is one of these, so that a cell which fits says nothing.
_FITS_ALL = frozenset({FieldType.TEXT, FieldType.CODE, FieldType.PHONE, FieldType.DETAILS})


def has_shifted(row: TableRow, cells: Sequence[Cell], recognised: RecognisedTable) -> bool:
    """Return whether a row with values that were left out has shifted rather than one bad value.

    One in a row that has fewer cells than the header is no accident; nor one whose neighbour, a column of another
    kind, holds what the column itself should; nor two between which no column shows that it is in its place.
    """
    if len(cells) < recognised.width:
        return True
    names = {problem.field for problem in row.left_out}
    positions = sorted(index for index, column in recognised.columns.items() if column.field.name in names)
    if not all(_in_place(recognised, range(left + 1, right), cells) for left, right in pairwise(positions)):
        return True
    return any(
        _fits(recognised, index, cells[neighbour])
        for index in positions
        for neighbour in (index - 1, index + 1)
        if 0 <= neighbour < len(cells) and _kind(recognised, neighbour) is not _kind(recognised, index)
    )


def _in_place(recognised: RecognisedTable, between: range, cells: Sequence[Cell]) -> bool:
    """Whether a column holds a value of its own kind, which is not its neighbours'."""
    return any(
        index in recognised.columns
        and _kind(recognised, index) not in (_kind(recognised, index - 1), _kind(recognised, index + 1))
        and _fits(recognised, index, cells[index])
        for index in between
    )


def _kind(recognised: RecognisedTable, index: int) -> FieldType | None:
    column = recognised.columns.get(index)
    return None if column is None else column.field.type


def _fits(recognised: RecognisedTable, index: int, cell: Cell) -> bool:
    """Whether a column can read a cell, and is of a kind that not every cell is."""
    column = recognised.columns[index]
    if column.month is not None or (column.field.type in _FITS_ALL and not column.field.codes):
        return False
    row = compile_row(recognised.item, {0: column})(1, [cell])
    if row is None or row.values.get(column.field.name) is None:
        return False
    return not any(problem.field == column.field.name for problem in (*row.problems, *row.left_out))
