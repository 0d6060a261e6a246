"""Values as a person or a program reads them; what is personal stays sealed."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from catalogue.model import Field, FieldType
from catalogue.plain_values import SEALED, jsonable, number
from catalogue.times import SHANGHAI
from queries.targets import FieldTarget
from rules.indicators.definitions import Indicator

_YUAN = "元"
_IN_YUAN = {_YUAN: Decimal(1), "万元": Decimal(10_000), "亿元": Decimal(10**8)}


def value_of(target: FieldTarget, data: Mapping[str, Any] | None) -> Any:
    """Return a field's value of a payload for JSON: exact numbers as text, what is personal as ``SEALED``."""
    if data is None:
        return None
    if target.item.about_persons:
        return SEALED
    value = _plain(target.field, data.get(target.field.name))
    if target.sub is None or not isinstance(value, list):
        return value
    return [row.get(target.sub.name) for row in value]


def same_sealed(target: FieldTarget, first: Mapping[str, Any] | None, second: Mapping[str, Any] | None) -> bool | None:
    """Whether two sealed values are equal, by their keyed hashes; None where there are none to tell by."""
    name = f"{target.field.name}_hash"
    if not target.field.linked or target.sub is not None or first is None or second is None:
        return None
    return bool(first.get(name) == second.get(name))


def _plain(field: Field, value: Any) -> Any:
    if value is None:
        return None
    # Bytes are ciphertext, whatever today's catalogue says of the field.
    if field.encrypted or isinstance(value, bytes):
        return SEALED
    if field.type is FieldType.DETAILS:
        return [{sub.name: _plain(sub, row.get(sub.name)) for sub in field.details} for row in value]
    return jsonable(value)


def clock(value: datetime) -> str:
    """Return a moment in Beijing time to the second, for a table; the day alone when it is a midnight."""
    local = value.astimezone(SHANGHAI)
    return f"{local:%Y-%m-%d}" if local.time() == local.time().min else f"{local:%Y-%m-%d %H:%M:%S}"


def text_of(field: Field, value: Any) -> str:
    """Return what ``value_of`` gave, for a table: nothing as –, a code with its meaning, a number with its unit."""
    if value is None or value == []:
        return "–"
    if field.type is FieldType.MONEY and value != SEALED and not isinstance(value, list):
        return _money(field, value)
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list):
        return "; ".join(_row(field, row) for row in value)
    meaning = (field.codes or {}).get(str(value)) or (field.unit if value != SEALED else "")
    return f"{value} {meaning}".rstrip()


def unit_of(field: Field) -> str:
    """Return the unit in which a field's values are kept and given in JSON: money is in yuan, whatever its title."""
    return _YUAN if field.type is FieldType.MONEY else field.unit


def _money(field: Field, value: str) -> str:
    unit = field.unit if field.unit in _IN_YUAN else _YUAN
    return f"{_grouped(number(Decimal(value) / _IN_YUAN[unit]))} {unit}"


def _grouped(text: str) -> str:
    integer, _, decimals = text.partition(".")
    grouped = f"{int(integer):,}" + (f".{decimals}" if decimals else "")
    return f"-{grouped}" if integer.startswith("-") and not grouped.startswith("-") else grouped


def _row(field: Field, row: Any) -> str:
    if not isinstance(row, Mapping):
        return text_of(field, row)
    filled = ((sub, row.get(sub.name)) for sub in field.details)
    return "，".join(f"{sub.zh} {text_of(sub, value)}" for sub, value in filled if value is not None)


def indicator_text(indicator: Indicator | None, value: Decimal | None) -> str:
    """Return an indicator's value for a table, with its unit; a day as a day."""
    if value is None:
        return "–"
    if indicator is not None and indicator.is_day:
        digits = f"{int(value):08d}"
        return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"
    grouped = _grouped(number(value))
    return f"{grouped} {indicator.unit}".rstrip() if indicator is not None else grouped
