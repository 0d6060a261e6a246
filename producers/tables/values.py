"""Turn a cell, as departments write it, into the value of its field. Details (明细) are in ``details``."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

from catalogue.model import Field, FieldType
from connectors.tables import Cell
from producers.tables import codes, dates, texts
from producers.tables.amounts import amount_converter, integer_converter

Value = str | int | bool | Decimal | date | datetime | list[dict[str, object]] | None
Converter = Callable[[Cell], Value]

_CONVERTERS: dict[FieldType, Converter] = {
    FieldType.TEXT: texts.to_text,
    FieldType.CODE: texts.to_code,
    FieldType.USCC: codes.to_uscc,
    FieldType.ID_NUMBER: codes.to_id_number,
    FieldType.PHONE: texts.to_phone,
    FieldType.EMAIL: texts.to_email,
    FieldType.BOOLEAN: texts.to_boolean,
    FieldType.YEAR: dates.to_year,
    FieldType.MONTH: dates.to_month,
    FieldType.TIMESTAMP: dates.to_timestamp,
}


def value_converter(field: Field, unit: str = "") -> Converter:
    """Return the conversion of one column to single values, decided once for all of its rows.

    ``unit`` is the column's own, from its header; "" leaves it to the field. Money comes in yuan with scale 4,
    numbers with scale 6, timestamps aware, months as YYYY-MM; None for an empty mark. The conversion raises
    ValueProblem for a cell, and so does this function for a unit that cannot be that of the field.
    """
    kind = field.type
    if kind in (FieldType.MONEY, FieldType.NUMBER):
        column_unit = unit or field.unit or ("元" if kind is FieldType.MONEY else "")
        return amount_converter(kind, column_unit, field.unit, takes_foreign=bool(field.currency))
    if kind is FieldType.INTEGER:
        return integer_converter(unit or field.unit)
    if kind is FieldType.DATE:
        return dates.date_converter(ends=field.zh.endswith(("止", "至", "截止期", "截止日期", "终止日期")))
    if kind is FieldType.CODE and field.form is not None:
        return codes.form_converter(field.form)
    if kind is FieldType.CODE and field.codes:
        return codes.listed_code_converter(field)
    return _CONVERTERS[kind]
