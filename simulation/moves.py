"""What a table says of a record more than once: listed and taken off (移出), changed or withdrawn (增删改标志)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from catalogue.model import FieldType, Item
from simulation.setting import CellValue

# Lists that enterprises leave again: the columns that are empty until then, the first of them the day, and the status.
_LEFT: Mapping[int, tuple[tuple[str, ...], str]] = {
    5: (("removal_date", "removal_reason", "removal_authority"), "current_status"),
    14: (("removal_date", "removal_reason"), "status"),
    56: (("exit_date", "exit_reason"), "status"),
    57: (("exit_date", "exit_reason", "repair_date"), "status"),
}
_STANDS = "有效"
# Tables whose rows say what they do, and as of which day: their items have no date of their own.
FLAGGED = frozenset({17, 62})
FLAG_TITLES = ("增删改标志", "数据日期")
_FIRST_DAYS, _CHANGED_DAYS = 60, 30


@dataclass(frozen=True, slots=True)
class RecordRow:
    """One row about a record, and its cells in the columns FLAG_TITLES, where the table has them."""

    values: tuple[CellValue, ...]
    added: tuple[CellValue, ...] = ()


def rows_of(item: Item, values: Sequence[CellValue], serial: int, as_of: date) -> Iterator[RecordRow]:
    """Yield the rows that a table holds about record number ``serial``, the later after the former."""
    said = tuple(values)
    if item.seq in FLAGGED:
        yield RecordRow(said, ("增", as_of - timedelta(days=_FIRST_DAYS)))
        if serial % 6 == 1:
            yield RecordRow(_changed(item, said), ("改", as_of - timedelta(days=_CHANGED_DAYS)))
        if serial % 8 == 3:
            yield RecordRow(said, ("删", as_of))
        return
    if item.seq in _LEFT:
        columns, status = _LEFT[item.seq]
        names = [field.name for field in item.fields]
        if said[names.index(columns[0])] is not None:
            before = {**dict.fromkeys(columns), status: _STANDS}
            yield RecordRow(tuple(before.get(name, value) for name, value in zip(names, said, strict=True)))
    yield RecordRow(said)


def _changed(item: Item, values: tuple[CellValue, ...]) -> tuple[CellValue, ...]:
    """Return the values with half the amount, or of another kind of business; what identifies the record stays."""
    changed = list(values)
    for position, field in enumerate(item.fields):
        value = values[position]
        if field.type is FieldType.MONEY and isinstance(value, float):
            changed[position] = round(value / 2, 2)
        elif field.name == "business_category":
            changed[position] = "报关企业"
    return tuple(changed)
