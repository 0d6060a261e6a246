"""Cells that hold numbers: money, measures and counts, with the units that titles and cells name.

Arithmetic is exact: text becomes Decimal directly, and an Excel number becomes what Excel itself shows, fifteen
digits at most. Nothing is rounded: what does not fit its scale is a problem of the row. No magnitude is guessed:
an amount without a unit, in a column that states none either, is a problem too.
"""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from catalogue.currencies import YUAN, cut_before, cut_behind
from catalogue.model import FieldType
from connectors.tables import Cell
from producers.tables.problems import ReasonCode, ValueProblem
from producers.tables.texts import EMPTY, as_text, half_width, shown

# The units of a column of whose amounts nobody has said it: each amount must have its own; or 元 is assumed, and an
# amount with another one makes the column doubtful.
UNSTATED, ASSUMED_YUAN = "?", "?元"
_PUNCTUATION = str.maketrans({"，": ",", "−": "-"})
_MULTIPLES = {"": 1, "十": 10, "百": 100, "千": 1000, "万": 10_000, "十万": 100_000, "百万": 10**6,
              "千万": 10**7, "亿": 10**8, "十亿": 10**9, "百亿": 10**10, "千亿": 10**11, "万亿": 10**12}  # fmt: skip
_GROUPED = re.compile(r"-?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_AMOUNT = re.compile(r"([+-]?)(\d{1,3}(?:,\d{3})+|\d+)?(\.\d*)?(e[+-]?\d+)?\(?([^\d().,]*)\)?", re.IGNORECASE)
# What a spreadsheet shows of a number too wide for its column: the digits behind those shown are gone.
_SHORTENED = re.compile(r"-?\d(?:\.(\d+))?e\+(\d{2,3})", re.IGNORECASE)
_SYNONYMS = {
    "元": {"圆", "元整", "圆整", "元正"},
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
# The unit of 100美元 and 100人民币.
_CURRENCY_ONLY = "币"
_WHOLE_PERCENT = 100


class Written(NamedTuple):
    """What a cell writes: ``number`` is None for nothing, ``currency`` a code of GB/T 12406 or "".

    ``unit`` is without the currency: 万 of 100万美元.
    """

    number: Decimal | None
    unit: str = ""
    currency: str = ""


class ForeignAmount(Decimal):
    """An amount in ``currency``, a code of GB/T 12406, that is not yuan; nobody here knows the rate."""

    currency: str


def multiple(unit: str, base: str) -> Decimal | None:
    """Return how many of ``base`` one ``unit`` is: 万元 of 元 is 10000; None when they do not belong together."""
    unit, base = unit.strip().lower(), base.lower()
    if base == "元" and unit == "w":
        unit = "万"  # 100w is how 100万 is typed
    for known in {base, *(synonym.lower() for synonym in _SYNONYMS.get(base, ()))}:
        if unit.endswith(known) and unit[: len(unit) - len(known)] in _MULTIPLES:
            return Decimal(_MULTIPLES[unit[: len(unit) - len(known)]])
    return Decimal(_MULTIPLES[unit]) if unit in _MULTIPLES else None


def amount_converter(
    kind: FieldType, column_unit: str, field_unit: str, *, takes_foreign: bool = False
) -> Callable[[Cell], Decimal | None]:
    """Return the conversion to money (yuan, scale 4) or a number (scale 6); ValueProblem for an unknown unit.

    ``column_unit``: what a number without a unit is in; UNSTATED where nobody said. With ``takes_foreign`` an amount
    in another currency is a ForeignAmount in that currency's unit, else a problem.
    """
    # Money is kept in yuan whatever the column says; a number in the unit that the catalogue names.
    base = "元" if kind is FieldType.MONEY else field_unit
    stated = column_unit != UNSTATED
    assumed = column_unit == ASSUMED_YUAN
    by_default = multiple(column_unit, base) if base and stated and not assumed else Decimal(1)
    if by_default is None:
        raise ValueProblem(
            ReasonCode.UNIT_UNKNOWN,
            f"不认识列名中的单位“{column_unit}”",
            f"请在列名中写明数字的单位，如{base}、万{base}",
        )
    scale, limit = _SCALE[kind], Decimal(10) ** _INTEGER_DIGITS[kind]
    places = -int(scale.as_tuple().exponent)

    def amount(cell: Cell) -> Decimal | None:
        if cell is None:
            return None
        number, unit, currency = parse_number(cell)
        if number is None:
            return None
        if base == "%":
            _check_percent(number, unit)
        if not stated and not unit and currency in ("", YUAN) and number:
            raise _unit_missing()  # ￥ tells the currency, and not whether ten thousands are meant
        if not unit and not currency:
            factor = by_default
        else:
            factor = _factor(unit, currency, base, by_default, takes_foreign=takes_foreign)
            if assumed and factor != 1:
                raise _unit_missing()
        if factor != 1:
            number *= factor
        if abs(number) >= limit:
            raise ValueProblem(ReasonCode.OUT_OF_RANGE, "数值太大，不合常理", "请核对数值和单位")
        exact = number.quantize(scale)
        if exact != number:
            raise ValueProblem(
                ReasonCode.TOO_PRECISE, f"小数位数超过{places}位", f"请保留到小数点后{places}位以内，平台不代为舍入"
            )
        if currency and currency != YUAN:
            exact = ForeignAmount(exact)
            exact.currency = currency
        return exact

    return amount


def _check_percent(number: Decimal, unit: str) -> None:
    if not unit and 0 < abs(number) <= 1:
        # 0.12 may be 12 % written as a share; a program that exports a column of percentages writes it so.
        raise ValueProblem(ReasonCode.PERCENT_OR_SHARE, f"看不出 {number} 是百分之几", "请写明百分号，如 12.5% 或 0.5%")
    if abs(number) > _WHOLE_PERCENT:
        raise ValueProblem(ReasonCode.OUT_OF_RANGE, "比例超过100%，不合常理", "请核对这一列的比例和单位")


def _factor(unit: str, currency: str, base: str, by_default: Decimal, *, takes_foreign: bool) -> Decimal:
    """Return by what to multiply a number with a unit or a currency of its own."""
    if unit == "%":
        return Decimal(1) if base == "%" else Decimal("0.01")
    if unit in ("分",) and base != "元":
        return Decimal(1)  # a score
    if currency and base != "元":
        raise _unknown_unit(unit)
    if currency and currency != YUAN and not takes_foreign:
        raise ValueProblem(
            ReasonCode.FOREIGN_CURRENCY, "金额是外币，这一项没有币种列，平台不代为折算", "请按折算后的人民币金额填写"
        )
    if unit == _CURRENCY_ONLY or (not unit and currency != YUAN):
        if by_default != 1:
            # 100美元 in a column of 万元: a hundred, or a hundred 万?
            raise _unknown_unit("")
        return Decimal(1)
    if not unit:
        # ￥100: the sign tells the currency; the multiple is the column's.
        return by_default
    factor = multiple(unit, base) if base else (Decimal(1) if unit in _COUNTERS else None)
    if factor is None:
        raise _unknown_unit(unit)
    # 12.5万 in a column of 万元 repeats the column's multiple rather than multiplying it.
    return factor if base else by_default


def _unit_missing() -> ValueProblem:
    return ValueProblem(
        ReasonCode.UNIT_MISSING,
        "看不出这一列金额的单位是元还是万元：列名和表头没有写明，有的格写了单位，有的没有写",
        "请在列名中写明单位，如“注册资本(万元)”，或用 --money-unit 列名=单位 说明",
    )


def _unknown_unit(unit: str) -> ValueProblem:
    # What to write instead depends on what was meant: naming a unit here would change the amount.
    return ValueProblem(
        ReasonCode.UNIT_UNKNOWN, f"不认识单位“{unit[:10]}”", "请写明数字和它的单位，或只写数字并在列名中写明单位"
    )


def parse_number(cell: Cell) -> Written:
    """Return the number, the unit and the currency that a cell writes. Raises ValueProblem."""
    if type(cell) is str:
        text = cell.strip()
        try:
            if text.isascii() and "_" not in text and text[:1] not in "nNiIsS":
                number = Decimal(text)
                if "+" in text:
                    _refuse_shortened(text)
                return Written(_finite(number, text))
        except InvalidOperation:
            # The commonest form by far that Decimal does not read.
            if _GROUPED.fullmatch(text):
                return Written(Decimal(text.replace(",", "")))
        return _written(text)
    if isinstance(cell, (bool, date)):
        raise _no_number(as_text(cell))
    if isinstance(cell, float):
        if cell != cell or cell in (float("inf"), float("-inf")):
            raise _no_number(str(cell))
        return Written(Decimal(shown(cell)))
    return Written(None if cell is None else Decimal(cell))


def _written(text: str) -> Written:
    if text in EMPTY:
        return Written(None)
    plain = "".join(half_width(text).translate(_PUNCTUATION).split())
    if plain in EMPTY:
        return Written(None)
    currency, plain = cut_before(plain)
    sign = ""
    # Accountants write a negative amount in brackets.
    if re.fullmatch(r"\([\d,.]+\)", plain):
        sign, plain = "-", plain[1:-1]
    elif plain[:1] == "-" and not currency:
        currency, rest = cut_before(plain[1:])
        plain = f"-{rest}" if currency else plain
    matched = _AMOUNT.fullmatch(plain)
    if matched is None or not (matched[2] or (matched[3] or "").strip(".")):
        raise _no_number(text)
    digits = (matched[2] or "0").replace(",", "") + (matched[3] or "") + (matched[4] or "")
    behind, unit = cut_behind(matched[5])
    if not behind and (written_before := cut_before(unit))[0]:
        behind, unit = written_before  # 100人民币万元
    if currency and behind and currency != behind:
        raise _unknown_unit(matched[5])
    number = _finite(Decimal((sign or matched[1]) + digits), text)
    if behind and not unit:
        unit = _CURRENCY_ONLY
    return Written(number, unit, currency or behind)


def _refuse_shortened(text: str) -> None:
    """Raise ValueProblem for 1.23E+11: the digits behind the shown ones are gone."""
    shortened = _SHORTENED.fullmatch(text)
    if shortened is not None and int(shortened[2]) > len(shortened[1] or ""):
        raise ValueProblem(
            ReasonCode.DIGITS_LOST,
            "数字已被 Excel 变成科学计数，末几位丢失",
            "请把这一列设为数值格式，从原系统重新取数后填写",
        )


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
        number, written, currency = parse_number(cell)
        if number is None:
            return None
        if currency or (written and written not in _COUNTERS):
            factor = multiple(written, unit) if unit and not currency else None
            if factor is None:
                raise ValueProblem(ReasonCode.UNIT_UNKNOWN, f"不认识单位“{written[:10]}”", "请只填写数字")
            number *= factor
        if number != number.to_integral_value():
            raise ValueProblem(ReasonCode.NOT_WHOLE, "这一列应是整数", "请填写整数")
        if abs(number) >= 2**63:
            raise ValueProblem(ReasonCode.OUT_OF_RANGE, "数值太大，不合常理", "请核对数值")
        return int(number)

    return integer
