"""Whether a record's values are of the kinds that its item's fields have.

The merge reads no payload that no indicator needs, so a record may be of some other writer's schema, with the same
names and other types: what a recipient's schema cannot carry is not to be found out by its encoder.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from catalogue.avro import MONEY, NUMBER, Schema
from catalogue.model import Field, FieldType, Item

Fits = Callable[[Any], bool]

# By identity, as in the projection; the plan keeps its item alive.
_PLANS: dict[int, tuple[Item, tuple[tuple[Field, Fits], ...]]] = {}


def misfit(item: Item, data: Mapping[str, Any]) -> Field | None:
    """Return the first of the fields that could ever be released whose value is of another kind; None: all fit.

    Where all fit, the schemas of ``catalogue.avro.bank_schema`` can carry whatever is released.
    """
    plan = _PLANS.get(id(item))
    if plan is None:
        plan = _PLANS[id(item)] = item, _fits_of(item.fields)
    for field, fits in plan[1]:
        value = data.get(field.name)
        if value is not None and not fits(value):
            return field
    return None


def _fits_of(fields: tuple[Field, ...]) -> tuple[tuple[Field, Fits], ...]:
    return tuple((field, _fits(field)) for field in fields if not field.encrypted and field.audience == "all")


def _fits(field: Field) -> Fits:
    if field.type is FieldType.DETAILS:
        return _is_details(_fits_of(field.details))
    return _FITS.get(field.type, _is_text)


def _is_text(value: Any) -> bool:
    return type(value) is str


def _is_decimal(schema: Schema) -> Fits:
    precision, scale = int(schema["precision"]), int(schema["scale"])

    def fits(value: Any) -> bool:
        if type(value) is not Decimal or not value.is_finite():
            return False
        _, digits, exponent = value.as_tuple()
        spare = int(exponent) + scale
        return spare >= 0 and len(digits) + spare <= precision

    return fits


def _is_integer(bits: int) -> Fits:
    return lambda value: type(value) is int and -1 << bits - 1 <= value < 1 << bits - 1


def _is_details(columns: tuple[tuple[Field, Fits], ...]) -> Fits:
    def is_row(row: Any) -> bool:
        return isinstance(row, Mapping) and all(
            (value := row.get(column.name)) is None or fits(value) for column, fits in columns
        )

    return lambda rows: type(rows) is list and all(is_row(row) for row in rows)


_FITS: Mapping[FieldType, Fits] = {
    FieldType.MONEY: _is_decimal(MONEY),
    FieldType.NUMBER: _is_decimal(NUMBER),
    FieldType.INTEGER: _is_integer(64),
    FieldType.YEAR: _is_integer(32),
    FieldType.DATE: lambda value: type(value) is date,
    FieldType.TIMESTAMP: lambda value: type(value) is datetime,
    FieldType.BOOLEAN: lambda value: type(value) is bool,
}
