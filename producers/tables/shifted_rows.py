"""Whether the cells of a row in a text file stand in wrong columns, seen by a value that its column cannot read."""

import re
from collections.abc import Sequence
from itertools import pairwise

from catalogue.model import Field, FieldType
from connectors.tables import Cell
from producers.tables.headers import RecognisedTable
from producers.tables.rows import RowReader, TableRow, compile_row

# Anything is one of these, so that a cell which fits says nothing.
_FITS_ALL = frozenset({FieldType.TEXT, FieldType.CODE, FieldType.PHONE, FieldType.DETAILS})


# No list has it, and a form that takes it takes every other text.
_NO_CODE = "虚构人名"


def takes_anything(field: Field) -> bool:
    """Return whether a field takes whatever is written, another column's value too.

    A list of codes holds for columns of codes alone; of a text it names what is usual.
    """
    if field.type is FieldType.CODE and field.codes:
        return bool(field.codes_form and re.fullmatch(field.codes_form, _NO_CODE))
    return field.type in _FITS_ALL


class ShiftCheck:
    """Sees rows of one table that have shifted; each column's reader is compiled once."""

    def __init__(self, recognised: RecognisedTable) -> None:
        self._recognised = recognised
        self._readers: dict[int, RowReader] = {}

    def has_shifted(self, row: TableRow, cells: Sequence[Cell]) -> bool:
        """Return whether a row with values that cannot be read has shifted rather than one bad value.

        One in a row that has fewer cells than the header is no accident; nor one whose neighbour, a column of another
        kind, holds what the column itself should; nor two between which no column shows that it is in its place.
        """
        if len(cells) < self._recognised.width:
            return True
        names = {problem.field for problem in (*row.problems, *row.left_out)}
        columns = self._recognised.columns
        positions = sorted(index for index, column in columns.items() if column.field.name in names)
        if not all(self._in_place(range(left + 1, right), cells) for left, right in pairwise(positions)):
            return True
        return any(
            self._fits(index, cells[neighbour])
            for index in positions
            for neighbour in (index - 1, index + 1)
            if 0 <= neighbour < len(cells) and self._kind(neighbour) is not self._kind(index)
        )

    def _in_place(self, between: range, cells: Sequence[Cell]) -> bool:
        """Whether a column holds a value of its own kind, which is not its neighbours'."""
        return any(
            index in self._recognised.columns
            and self._kind(index) not in (self._kind(index - 1), self._kind(index + 1))
            and self._fits(index, cells[index])
            for index in between
        )

    def _kind(self, index: int) -> FieldType | None:
        column = self._recognised.columns.get(index)
        return None if column is None else column.field.type

    def _fits(self, index: int, cell: Cell) -> bool:
        """Whether a column can read a cell, and is of a kind that not every cell is."""
        column = self._recognised.columns[index]
        if column.month is not None or takes_anything(column.field):
            return False
        read = self._readers.get(index)
        if read is None:
            read = self._readers[index] = compile_row(self._recognised.item, {0: column})
        row = read(1, [cell])
        if row is None or row.values.get(column.field.name) is None:
            return False
        return not any(problem.field == column.field.name for problem in (*row.problems, *row.left_out))
