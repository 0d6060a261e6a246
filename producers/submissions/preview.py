"""What a dry run shows of each column: as which field it is read, in which unit, and its first values."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from catalogue.model import FieldType, Item, Sensitivity
from connectors.tables import Cell
from producers.tables.amounts import ASSUMED_YUAN, UNSTATED
from producers.tables.columns import RETURNED, Column
from producers.tables.dates import with_days_from_1904
from producers.tables.headers import RecognisedTable
from producers.tables.identity import plain
from producers.tables.rows import added_title, compile_row
from producers.tables.texts import as_text

_MOST_VALUES, _LONGEST_CHARS = 3, 24
_HIDDEN = "***"
_UNSAID = {UNSTATED: "见各格", ASSUMED_YUAN: "元（表中未写明）"}


@dataclass(frozen=True, slots=True)
class ColumnPreview:
    """A column: its title, the field that it is, the unit of its amounts, and its first values as they are read.

    Values of personal fields are masked; one that cannot be read is shown as the file has it, with a question mark.
    """

    title: str
    field: str
    field_zh: str
    unit: str
    values: tuple[str, ...]


def preview(
    item: Item, recognised: RecognisedTable, rows: Sequence[tuple[int, Sequence[Cell]]], year: int | None = None
) -> tuple[ColumnPreview, ...]:
    """Return the columns of a table from left to right, with values of these first ``rows`` below its header."""
    shown: dict[int, ColumnPreview] = {}
    if days := recognised.days_from_1904():
        rows = [(number, with_days_from_1904(cells, days)) for number, cells in rows]
    for index, column in recognised.columns.items():
        reads = compile_row(item, {index: column}, {}, year)
        personal = item.about_persons or column.field.sensitivity is Sensitivity.PERSONAL
        values: list[str] = []
        for number, cells in rows:
            cell = cells[index] if index < len(cells) else None
            if cell is None or len(values) == _MOST_VALUES:
                continue
            if personal:
                values.append(_HIDDEN)
                continue
            row = reads(number, cells)
            if row is None or (value := row.values.get(column.field.name)) is None:
                understood = row is not None and not any(p.field == column.field.name for p in row.problems)
                values.append("（空）" if understood else f"？{_hidden_unless_public(column, as_text(cell))}")
            else:
                values.append(_cut(_text(column, value)))
        shown[index] = ColumnPreview(
            column.title, column.field.name, column.field.zh, _unit(column), tuple(dict.fromkeys(values))
        )
    for index, name in recognised.extra.items():
        if name == RETURNED:
            continue
        cells_there = (cells[index] for _, cells in rows if index < len(cells) and cells[index] is not None)
        texts = tuple(dict.fromkeys(_cut(as_text(cell)) for cell in cells_there))[:_MOST_VALUES]
        title = recognised.survey.titles.get(index, added_title(name))
        shown[index] = ColumnPreview(title, name, added_title(name), "", texts)
    return tuple(shown[index] for index in sorted(shown))


def _unit(column: Column) -> str:
    if column.unit in _UNSAID:
        return _UNSAID[column.unit]
    return column.unit if column.field.type in (FieldType.MONEY, FieldType.NUMBER, FieldType.INTEGER) else ""


def _text(column: Column, value: object) -> str:
    if isinstance(value, Decimal) and column.field.type is FieldType.MONEY:
        return f"{value.normalize():,f}元"
    if isinstance(value, bool):
        return "是" if value else "否"
    return plain(value)


def _hidden_unless_public(column: Column, text: str) -> str:
    # A cell that its column does not understand may hold anything, a person's number too.
    return _cut(text) if column.field.sensitivity is Sensitivity.PUBLIC and len(text) < 12 else _HIDDEN


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_CHARS else f"{text[:_LONGEST_CHARS]}…"
