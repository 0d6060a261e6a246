"""Cells that hold numbers: money, measures and counts, with the units that titles and cells name.

Arithmetic is exact: text becomes Decimal directly, and an Excel number becomes what Excel itself shows, fifteen
digits at most. Nothing is rounded: what does not fit its scale is a problem of the row.
"""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation

from catalogue.model import FieldType
from connectors.tables import Cell
from producers.tables.problems import ReasonCode, ValueProblem
from producers.tables.texts import EMPTY, as_text, half_width, shown

# Other currencies' signs stay, and are no number: nobody here knows the rate.
_PUNCTUATION = str.maketrans({"，": ",", "￥": "", "¥": ""})
_MULTIPLES = {"": 1, "十": 10, "百": 100, "千": 1000, "万": 10_000, "十万": 100_000, "百万": 10**6,
              "千万": 10**7, "亿": 10**8}  # fmt: skip
_GROUPED = re.compile(r"-?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_AMOUNT = re.compile(r"([+-]?)(\d{1,3}(?:,\d{3})+|\d+)?(\.\d*)?(e[+-]?\d+)?\(?([^\d().,]*)\)?", re.IGNORECASE)
_SYNONYMS = {
    "立方米": {"m3", "m³", "立方", "吨", "方"},
    "平方米": {"m2", "㎡", "平方", "平米", "平"},
    "千瓦时": {"度", "kwh", "kw·h"},
    "人": {"名"},
}
_COUNTERS = frozenset({"次", "个月", "月", "月份", "人", "名", "家", "项", "年", "期", "天", "个", "户"})
_SCALE = {FieldType.MONEY: Decimal("0.0001"), FieldType.NUMBER: Decimal("0.000001")}
_INTEGER_DIGITS = {FieldType.MONEY: 20, FieldType.NUMBER: 18}  # precision 24 in the Avro schema
# Beyond these many digits before or behind the point arithmetic would overflow, and nothing is so large.
_MOST_DIGITS = 60


def multiple(unit: str, base: str) -> Decimal | None:
    """Return how many of ``base`` one ``unit`` is: 万元 of 元 is 10000; None when they do not belong together."""
    unit, base = unit.strip().lower(), base.lower()
    for known in {base, *(s.lower() for s in _SYNONYMS.get(base, ()))}:
        if unit.endswith(known) and unit[: len(unit) - len(known)] in _MULTIPLES:
            return Decimal(_MULTIPLES[unit[: len(unit) - len(known)]])
    return Decimal(_MULTIPLES[unit]) if unit in _MULTIPLES else None


def amount_converter(kind: FieldType, column_unit: str, field_unit: str) -> Callable[[Cell], Decimal | None]:
    """Return the conversion to money (yuan, scale 4) or a number (scale 6); ValueProblem for an unknown unit."""
    # Money is kept in yuan whatever the column says; a number in the unit that the catalogue names.
    base = "元" if kind is FieldType.MONEY else field_unit
    by_default = multiple(column_unit, base) if base else Decimal(1)
    if by_default is None:
        raise ValueProblem(ReasonCode.UNIT_UNKNOWN, f"不认识列名中的单位“{column_unit}”", f"请改用{base}或万{base}")
    scale, limit = _SCALE[kind], Decimal(10) ** _INTEGER_DIGITS[kind]
    places = -int(scale.as_tuple().exponent)

    def amount(cell: Cell) -> Decimal | None:
        if cell is None:
            return None
        number, unit = parse_number(cell)
        if number is None:
            return None
        if base == "%" and isinstance(cell, float) and 0 < abs(number) <= 1:
            # A cell formatted as a percentage holds a hundredth of what it shows, and its format is not told.
            raise ValueProblem(
                ReasonCode.PERCENT_OR_SHARE,
                f"看不出 {number} 是百分之几：Excel 的百分比单元格存的是百分之一",
                "请把这一列改为文本，写成 12.5% 或 0.5%",
            )
        factor = by_default if not unit else _unit_of_cell(unit, base, by_default)
        if factor != 1:
            number *= factor
        if abs(number) >= limit:
            raise ValueProblem(ReasonCode.OUT_OF_RANGE, "数值太大，不合常理", "请核对数值和单位")
        exact = number.quantize(scale)
        if exact != number:
            raise ValueProblem(
                ReasonCode.TOO_PRECISE, f"小数位数超过{places}位", f"请保留到小数点后{places}位以内，平台不代为舍入"
            )
        return exact

    return amount


def _unit_of_cell(unit: str, base: str, by_default: Decimal) -> Decimal:
    if unit == "%":
        return Decimal(1) if base == "%" else Decimal("0.01")
    if unit in ("分",) and base != "元":
        return Decimal(1)  # a score
    factor = multiple(unit, base) if base else (Decimal(1) if unit in _COUNTERS else None)
    if factor is None:
        raise ValueProblem(ReasonCode.UNIT_UNKNOWN, f"不认识单位“{unit[:10]}”", f"请改用{base or '不带单位的数字'}")
    # 12.5万 in a column of 万元 repeats the column's multiple rather than multiplying it.
    return factor if base and unit not in ("",) else by_default


def parse_number(cell: Cell) -> tuple[Decimal | None, str]:
    """Return the number and the unit that a cell writes; (None, "") when it is empty. Raises ValueProblem."""
    if type(cell) is str:
        text = cell.strip()
        try:
            if text.isascii() and "_" not in text and text[:1] not in "nNiIsS":
                return _finite(Decimal(text), text), ""
        except InvalidOperation:
            # The commonest form by far that Decimal does not read.
            if _GROUPED.fullmatch(text):
                return Decimal(text.replace(",", "")), ""
        return _written(text)
    if isinstance(cell, (bool, date)):
        raise _no_number(as_text(cell))
    if isinstance(cell, float):
        if cell != cell or cell in (float("inf"), float("-inf")):
            raise _no_number(str(cell))
        return Decimal(shown(cell)), ""
    return (None if cell is None else Decimal(cell)), ""


def _written(text: str) -> tuple[Decimal | None, str]:
    if text.upper() in EMPTY:
        return None, ""
    plain = "".join(half_width(text).translate(_PUNCTUATION).split()).removeprefix("人民币").replace("−", "-")
    if plain.upper() in EMPTY:
        return None, ""
    sign = ""
    # Accountants write a negative amount in brackets.
    if re.fullmatch(r"\([\d,.]+\)", plain):
        sign, plain = "-", plain[1:-1]
    found = _AMOUNT.fullmatch(plain)
    if found is None or not (found[2] or (found[3] or "").strip(".")):
        raise _no_number(text)
    digits = (found[2] or "0").replace(",", "") + (found[3] or "") + (found[4] or "")
    return _finite(Decimal((sign or found[1]) + digits), text), found[5].removeprefix("人民币")


def _finite(number: Decimal, text: str) -> Decimal:
    if not number.is_finite() or (number and abs(number.adjusted()) > _MOST_DIGITS):
        raise _no_number(text)
    return number


def _no_number(text: str) -> ValueProblem:
    return ValueProblem(ReasonCode.NOT_A_NUMBER, f"“{text[:20]}”不是数字", "请填写数字，如 1234.50")


def integer_converter(unit: str) -> Callable[[Cell], int | None]:
    """Return the conversion to a whole number of 64 bits."""

    def integer(cell: Cell) -> int | None:
        if type(cell) is str and cell.isdigit() and cell.isascii() and len(cell) < 19:
            return int(cell)
        number, written = parse_number(cell)
        if number is None:
            return None
        if written and written not in _COUNTERS:
            factor = multiple(written, unit) if unit else None
            if factor is None:
                raise ValueProblem(ReasonCode.UNIT_UNKNOWN, f"不认识单位“{written[:10]}”", "请只填写数字")
            number *= factor
        if number != number.to_integral_value():
            raise ValueProblem(ReasonCode.NOT_WHOLE, "这一列应是整数", "请填写整数")
        if abs(number) >= 2**63:
            raise ValueProblem(ReasonCode.OUT_OF_RANGE, "数值太大，不合常理", "请核对数值")
        return int(number)

    return integer
