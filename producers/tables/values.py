"""Turn a cell, as departments write it, into the value of its field.

Arithmetic is exact: text becomes Decimal directly, and an Excel number becomes what Excel itself shows, fifteen
digits at most. Nothing is rounded: what does not fit its scale is a problem of the row.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from catalogue import identifiers
from catalogue.model import Field, FieldType
from connectors.files.tables import Cell
from producers.tables import dates
from producers.tables.problems import ValueProblem

Value = str | int | bool | Decimal | date | datetime | list[dict[str, object]] | None
Converter = Callable[[Cell], Value]

EMPTY = frozenset({"", "空", "无", "/", "\\", "-", "--", "—", "——", "－", "／", "NULL", "\\N"})

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
_TRUE = frozenset({"是", "有", "Y", "YES", "TRUE", "T", "1", "√", "✓", "对", "真"})
_FALSE = frozenset({"否", "无", "没有", "N", "NO", "FALSE", "F", "0", "×", "✗", "X", "不", "不是", "错", "假"})
_OTHER_DOCUMENT = re.compile(r"[0-9A-Z()\-·]{5,30}|.*[\u4e00-\u9fff].*\d+.*")
_SCALE = {FieldType.MONEY: Decimal("0.0001"), FieldType.NUMBER: Decimal("0.000001")}
_INTEGER_DIGITS = {FieldType.MONEY: 20, FieldType.NUMBER: 18}  # precision 24 in the Avro schema
_LONGEST_TEXT_CHARS = 100_000
# Beyond these many digits before or behind the point arithmetic would overflow, and nothing is so large.
_MOST_DIGITS = 60
# What a program makes of a long number, in a workbook or in a text file exported from one.
_SCIENTIFIC = re.compile(r"[0-9](?:\.[0-9]+)?E\+[0-9]{2,3}", re.IGNORECASE)


def convert(field: Field, cell: Cell, unit: str = "") -> Value:
    """Return the value of ``cell``; None for an empty mark.

    ``unit`` is the column's own, from its header; "" leaves it to the field. Money comes in yuan with scale 4,
    numbers with scale 6, timestamps aware, months as YYYY-MM. Raises ValueProblem.
    """
    return converter(field, unit)(cell)


def converter(field: Field, unit: str = "") -> Converter:
    """Return the conversion of one column, decided once for all of its rows."""
    kind = field.type
    if kind in (FieldType.MONEY, FieldType.NUMBER):
        return _amount(kind, unit or field.unit or ("元" if kind is FieldType.MONEY else ""), field.unit)
    if kind is FieldType.INTEGER:
        return _integer(unit or field.unit)
    if kind is FieldType.DETAILS:
        from producers.tables.details import details_converter  # its records use the converters of this module

        return details_converter(field)
    if kind is FieldType.DATE:
        return dates.date_converter(ends=field.zh.endswith(("止", "至", "截止期", "截止日期", "终止日期")))
    return _PLAIN[kind]


def is_empty(cell: Cell) -> bool:
    """Whether a cell says that there is nothing: blank, 空, 无, /, -, NULL."""
    return cell is None or (isinstance(cell, str) and (not (t := cell.strip()) or t.upper() in EMPTY))


def half_width(text: str) -> str:
    """Return text half-width, without blanks around."""
    return text.strip() if text.isascii() else unicodedata.normalize("NFKC", text).strip()


def shown(number: float) -> str:
    """Return an Excel number as Excel shows it: whole without a point, fifteen digits at most."""
    if number.is_integer() and abs(number) < 1e15:
        return str(int(number))
    text = repr(number)
    return text if sum(c.isdigit() for c in text.split("e")[0].lstrip("-0.")) <= 15 else format(number, ".15g")


def _text(cell: Cell) -> Value:
    if type(cell) is str:
        text = cell.strip()
        if text in EMPTY or (len(text) == 4 and text.upper() in EMPTY):
            return None
        if len(text) > _LONGEST_TEXT_CHARS:
            raise ValueProblem("TOO_LONG", f"文字有{len(text)}个字，超过{_LONGEST_TEXT_CHARS}个", "请缩短或分列填写")
        return text
    return None if cell is None else as_text(cell)


def as_text(cell: Cell) -> str:
    """Return a cell as its column would read it as text: a whole number without a point, a truth as 是 or 否."""
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, float):
        return shown(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ") if cell.time() != cell.time().min else cell.date().isoformat()
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def _code(cell: Cell) -> Value:
    _refuse_lost_digits(cell)
    text = _text(cell)
    if isinstance(text, str) and text[0] == "'" and "'" not in text[1:]:
        # Before a number, the mark by which Excel takes it for text.
        text = text[1:].strip() or None
    if isinstance(text, str) and not text.isascii() and text[0] not in "（〔":
        # Full-width digits and letters only: 〔2025〕 and Chinese punctuation belong to a document's number.
        text = "".join(chr(ord(c) - 0xFEE0) if "０" <= c <= "ｚ" and c.isalnum() else c for c in text)
    return text


def _refuse_lost_digits(cell: Cell) -> None:
    lost = abs(cell) >= 1e15 if isinstance(cell, float) else False
    if lost or (type(cell) is str and _SCIENTIFIC.fullmatch(cell.strip())):
        raise ValueProblem(
            "DIGITS_LOST", "Excel 已把长数字变成科学计数，末几位丢失", "请把这一列设为文本格式后重新填写"
        )


def _uscc(cell: Cell) -> Value:
    text = _code(cell)
    if not isinstance(text, str):
        return None
    try:
        return identifiers.uscc(text)
    except ValueError as exc:
        code = identifiers.normalised(text)
        if identifiers.looks_like_id_number(code):
            raise natural_person() from None
        raise ValueProblem("USCC_INVALID", str(exc), "请按营业执照核对统一社会信用代码") from None


def natural_person() -> ValueProblem:
    """Return the problem of an ID number in a column that is not protected."""
    return ValueProblem(
        "NATURAL_PERSON", "这一列出现自然人的公民身份号码", "请核对主体；自然人的证件号码只能填在证件号码列"
    )


def _id_number(cell: Cell) -> Value:
    text = _code(cell)
    if not isinstance(text, str):
        return None
    number = identifiers.normalised(text)
    if "*" in number:
        raise ValueProblem("ID_NUMBER_MASKED", "证件号码已脱敏，无法核验", "请提供完整的证件号码，平台会加密保存")
    bare = number[:-1] if number.endswith("X") else number
    try:
        if bare.isdigit() and len(number) > 9:
            return number if _is_uscc(number) else identifiers.id_number(number)
        if len(number) == 18 and number[:2].isdigit():
            return identifiers.uscc(number)  # a lender's or a company's code stands here too
    except ValueError as exc:
        raise ValueProblem("ID_NUMBER_INVALID", str(exc), "请按证件核对号码") from None
    if not _OTHER_DOCUMENT.fullmatch(number):
        raise ValueProblem("ID_NUMBER_INVALID", "不像任何一种证件的号码", "请按证件核对号码")
    return number


def _is_uscc(number: str) -> bool:
    try:
        identifiers.uscc(number)
    except ValueError:
        return False
    return True


def _phone(cell: Cell) -> Value:
    _refuse_lost_digits(cell)
    text = _text(cell)
    if not isinstance(text, str):
        return None
    text = half_width(text)
    if sum(c.isdigit() for c in text) < 5 and "*" not in text:
        raise ValueProblem("PHONE_INVALID", "电话号码的位数太少", "请核对电话号码")
    return text


def _email(cell: Cell) -> Value:
    text = _text(cell)
    if not isinstance(text, str):
        return None
    text = half_width(text).replace(" ", "")
    name, at, host = text.rpartition("@")
    if not (name and at and "." in host):
        raise ValueProblem("EMAIL_INVALID", "电子邮箱的写法不对", "请核对电子邮箱，如 name@example.com")
    return text


def _boolean(cell: Cell) -> Value:
    if cell is None or isinstance(cell, bool):
        return cell
    text = half_width(as_text(cell)).upper()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    if text in EMPTY:
        return None
    raise ValueProblem("NOT_A_BOOLEAN", f"“{text[:20]}”既不是“是”也不是“否”", "请填写 是 或 否")


def multiple(unit: str, base: str) -> Decimal | None:
    """Return how many of ``base`` one ``unit`` is: 万元 of 元 is 10000; None when they do not belong together."""
    unit, base = unit.strip().lower(), base.lower()
    for known in {base, *(s.lower() for s in _SYNONYMS.get(base, ()))}:
        if unit.endswith(known) and unit[: len(unit) - len(known)] in _MULTIPLES:
            return Decimal(_MULTIPLES[unit[: len(unit) - len(known)]])
    return Decimal(_MULTIPLES[unit]) if unit in _MULTIPLES else None


def _amount(kind: FieldType, column_unit: str, field_unit: str) -> Converter:
    # Money is kept in yuan whatever the column says; a number in the unit that the catalogue names.
    base = "元" if kind is FieldType.MONEY else field_unit
    by_default = multiple(column_unit, base) if base else Decimal(1)
    if by_default is None:
        raise ValueProblem("UNIT_UNKNOWN", f"不认识列名中的单位“{column_unit}”", f"请改用{base}或万{base}")
    scale, limit = _SCALE[kind], Decimal(10) ** _INTEGER_DIGITS[kind]
    places = -int(scale.as_tuple().exponent)

    def amount(cell: Cell) -> Value:
        if cell is None:
            return None
        number, unit = parse_number(cell)
        if number is None:
            return None
        if base == "%" and isinstance(cell, float) and 0 < abs(number) <= 1:
            # A cell formatted as a percentage holds a hundredth of what it shows, and its format is not told.
            raise ValueProblem(
                "PERCENT_OR_SHARE",
                f"看不出 {number} 是百分之几：Excel 的百分比单元格存的是百分之一",
                "请把这一列改为文本，写成 12.5% 或 0.5%",
            )
        factor = by_default if not unit else _unit_of_cell(unit, base, by_default)
        if factor != 1:
            number *= factor
        if abs(number) >= limit:
            raise ValueProblem("OUT_OF_RANGE", "数值太大，不合常理", "请核对数值和单位")
        exact = number.quantize(scale)
        if exact != number:
            raise ValueProblem(
                "TOO_PRECISE", f"小数位数超过{places}位", f"请保留到小数点后{places}位以内，平台不代为舍入"
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
        raise ValueProblem("UNIT_UNKNOWN", f"不认识单位“{unit[:10]}”", f"请改用{base or '不带单位的数字'}")
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
    return ValueProblem("NOT_A_NUMBER", f"“{text[:20]}”不是数字", "请填写数字，如 1234.50")


def _integer(unit: str) -> Converter:
    def integer(cell: Cell) -> Value:
        if type(cell) is str and cell.isdigit() and cell.isascii() and len(cell) < 19:
            return int(cell)
        number, written = parse_number(cell)
        if number is None:
            return None
        if written and written not in _COUNTERS:
            factor = multiple(written, unit) if unit else None
            if factor is None:
                raise ValueProblem("UNIT_UNKNOWN", f"不认识单位“{written[:10]}”", "请只填写数字")
            number *= factor
        if number != number.to_integral_value():
            raise ValueProblem("NOT_WHOLE", "这一列应是整数", "请填写整数")
        if abs(number) >= 2**63:
            raise ValueProblem("OUT_OF_RANGE", "数值太大，不合常理", "请核对数值")
        return int(number)

    return integer


_PLAIN: dict[FieldType, Converter] = {
    FieldType.TEXT: _text,
    FieldType.CODE: _code,
    FieldType.USCC: _uscc,
    FieldType.ID_NUMBER: _id_number,
    FieldType.PHONE: _phone,
    FieldType.EMAIL: _email,
    FieldType.BOOLEAN: _boolean,
    FieldType.YEAR: dates.to_year,
    FieldType.MONTH: dates.to_month,
    FieldType.TIMESTAMP: dates.to_timestamp,
}
