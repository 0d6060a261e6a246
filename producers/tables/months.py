"""Columns 1月…12月: the amounts of one row's months, gathered into records of its details."""

from collections.abc import Mapping, Sequence

from connectors.tables import Cell
from producers.tables.column_problems import column_problem
from producers.tables.columns import Column
from producers.tables.details import blank_record
from producers.tables.problems import RowProblem, ValueProblem
from producers.tables.texts import is_empty
from producers.tables.values import Converter, Value, value_converter


class MonthColumns:
    """The columns a month of a table, every conversion decided once; false when there are none."""

    def __init__(self, columns: Mapping[int, Column], year: int | None) -> None:
        self._year = year
        self._columns = [
            (index, column, _converter(column)) for index, column in sorted(columns.items()) if column.month is not None
        ]

    def __bool__(self) -> bool:
        return bool(self._columns)

    def read(self, cells: Sequence[Cell], values: dict[str, Value], problems: list[RowProblem]) -> bool:
        """Add a row's records to ``values`` and return whether there are any.

        Without a year the month stays in words in ``raw_text``.
        """
        records: dict[tuple[str, int | None, int | None], dict[str, object]] = {}
        for index, column, convert in self._columns:
            cell = cells[index] if index < len(cells) else None
            if is_empty(cell):
                continue
            try:
                value = convert(cell)
            except ValueProblem as exc:
                problems.append(column_problem(column, cell, exc))
                continue
            year = column.year or self._year
            record = records.setdefault((column.field.name, year, column.month), blank_record(column.field))
            record[column.sub] = value
            if year is not None:
                record["month"] = f"{year:04d}-{column.month:02d}"
            else:
                record["raw_text"] = f"{column.month}月"
        for (name, _, _), record in records.items():
            before = values.get(name)
            values[name] = [*(before if isinstance(before, list) else []), record]
        return bool(records)


def _converter(column: Column) -> Converter:
    sub = next(s for s in column.field.details if s.name == column.sub)
    try:
        return value_converter(sub, column.unit)
    except ValueProblem:
        # A unit that nobody knows is a problem of each row that uses it, not of the file.
        return lambda cell: value_converter(sub, column.unit)(cell)
