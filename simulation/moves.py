"""What becomes of a record after it was reported: taken off its list (移出), changed or withdrawn (增删改标志)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from catalogue.model import FieldType, Item
from simulation.setting import CellValue

# Lists that enterprises leave again: date, reason, status and authority of the removal.
_LEFT: Mapping[int, tuple[str, str, str, str]] = {
    5: ("removal_date", "removal_reason", "current_status", "removal_authority"),
    14: ("removal_date", "removal_reason", "status", ""),
    56: ("exit_date", "exit_reason", "status", ""),
    57: ("exit_date", "exit_reason", "status", ""),
}
_EVERY_LEFT, _LEFT_AFTER_DAYS = 3, 200
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
    first = tuple(values)
    positions = {field.name: position for position, field in enumerate(item.fields)}
    if item.seq in FLAGGED:
        yield RecordRow(first, ("增", as_of - timedelta(days=_FIRST_DAYS)))
        if serial % 6 == 1:
            yield RecordRow(_changed(item, first), ("改", as_of - timedelta(days=_CHANGED_DAYS)))
        if serial % 8 == 3:
            yield RecordRow(first, ("删", as_of))
        return
    yield RecordRow(first)
    if item.seq not in _LEFT or serial % _EVERY_LEFT:
        return
    when, why, status, authority = _LEFT[item.seq]
    listed = first[positions["list_date"]]
    if not isinstance(listed, date) or listed + timedelta(days=_LEFT_AFTER_DAYS) > as_of:
        return
    changes: dict[str, CellValue] = {
        when: listed + timedelta(days=_LEFT_AFTER_DAYS),
        why: "样例：已改正或期满",
        status: "已移出",
    }
    if authority:
        changes[authority] = first[positions["listing_authority"]]
    yield RecordRow(tuple(changes.get(field.name, value) for field, value in zip(item.fields, first, strict=True)))


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
