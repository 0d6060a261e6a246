"""Whether a record's values are of the kinds that its item's fields have.

The merge decodes a payload only where an indicator needs it. So a record may come from another writer's schema, with
the same names and other types. What a recipient's schema cannot carry is found here, not by its encoder.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from catalogue.avro import MONEY, NUMBER, Schema
from catalogue.model import Field, FieldType, Item

Fits = Callable[[Any], bool]


class Kinds:
    """The kinds of one item's fields, as far as they could ever be released."""

    __slots__ = ("_fits",)

    def __init__(self, item: Item) -> None:
        self._fits = _fits_of(item.fields)

    def misfit(self, data: Mapping[str, Any]) -> Field | None:
        """Return the first field whose value is of another kind; None: all fit.

        Where all fit, the schemas of ``catalogue.avro.bank_schema`` can carry whatever is released.
        """
        for field, fits in self._fits:
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
