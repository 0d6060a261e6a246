"""What is wrong with a cell of a column, told without what the readers of problems may not see."""

import re

from catalogue.errors import FileRefused
from catalogue.identifiers import looks_like_id_number, normalised
from catalogue.model import Field, FieldType, Sensitivity
from connectors.tables import Cell
from producers.tables.codes import has_check_digit, natural_person
from producers.tables.columns import Column
from producers.tables.details import converter
from producers.tables.problems import ReasonCode, RowProblem, ValueProblem
from producers.tables.texts import as_text
from producers.tables.values import Converter, Value

# 组织机构代码 (with or without its hyphen) and 工商注册号, which stand in columns 代码或证件号码.
_OLD_CODE = re.compile(r"[0-9A-Z]{8}-?[0-9X]|[0-9]{13}|[0-9]{15}")

_QUOTED = re.compile("“[^”]*”")
# What may be quoted of a cell: dates and small numbers. All else may be a name or a person's number that slipped
# into a wrong column, and messages are read by more than the column is.
_HARMLESS = re.compile(r"“[0-9.,/:%年月日\s-]{1,10}”")


def column_converter(column: Column) -> Converter:
    """Return the conversion of a column; raises FileRefused for a unit that cannot be that of its field."""
    try:
        convert = _with_code_words(column, converter(column.field, column.unit))
        return _whole_digits(convert) if column.keeps_digits and has_check_digit(column.field) else convert
    except ValueProblem as exc:
        raise FileRefused(f"列“{column.title}”：{exc.message}。", remedy=f"{exc.remedy}。") from exc


def _with_code_words(column: Column, convert: Converter) -> Converter:
    words = column.code_words
    if not words:
        return convert
    return lambda cell: convert(words.get(as_text(cell).strip(), cell) if cell is not None else None)


def _whole_digits(convert: Converter) -> Converter:
    """Return the conversion for a column of whole numbers: one that ends in zeros is judged by its check digit."""

    def converted(cell: Cell) -> Value:
        # The mark for text, which the conversion takes off.
        return convert(f"'{cell.strip()}" if type(cell) is str and cell.rstrip()[-3:] == "000" else cell)

    return converted


def _is_old_code(cell: Cell) -> bool:
    return isinstance(cell, str) and _OLD_CODE.fullmatch(normalised(cell)) is not None


def exposes_persons(column: Field) -> bool:
    """Whether an ID number in this column would leave in clear; a USCC has been checked to be none."""
    return not column.encrypted and column.type is not FieldType.USCC


def column_problem(column: Column, cell: Cell, exc: ValueProblem) -> RowProblem:
    """Return the problem without what its readers may not see: problems are read by more than the field is."""
    if isinstance(cell, str) and not column.field.encrypted and looks_like_id_number(cell):
        exc = natural_person()
    elif exc.code == ReasonCode.USCC_INVALID and column.field.zh != "统一社会信用代码" and _is_old_code(cell):
        exc = ValueProblem(ReasonCode.OTHER_CODE, "这里是旧的代码，不是统一社会信用代码", "请改填统一社会信用代码")
    public = column.field.sensitivity is Sensitivity.PUBLIC
    message = _QUOTED.sub(lambda m: m[0] if public and _HARMLESS.fullmatch(m[0]) else "所填内容", exc.message)
    return RowProblem(column.field.name, column.title, exc.code, message, exc.remedy)


def without_quotes(message: str) -> str:
    """Return a message without what it quotes of a cell."""
    return _QUOTED.sub("所填内容", message)
