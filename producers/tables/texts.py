"""Cells as text: what is empty, how a number is shown, and the values that stay text."""

import re
import unicodedata
from datetime import date, datetime

from connectors.tables import Cell
from producers.tables.problems import ReasonCode, ValueProblem

_NOTHING = (
    "空", "无", "暂无", "没有", "不详", "未知", "未填", "未填写", "待定", "待补", "待补充", "无数据", "暂缺", "不适用",
    "N/A", "NA", "N.A.", "NaN", "None", "NULL", "nil", "\\N", "undefined",
)  # fmt: skip
_MARKS = (
    "/",
    "//",
    "\\",
    "-",
    "--",
    "---",
    "—",
    "——",
    "－",
    "／",
    "*",
    "**",
    "***",
    "…",
    "……",
    ".",
    "。",
    "、",
    "?",
    "？",
)
_AROUND = ("{}", "[{}]", "({})", "（{}）", "<{}>", "【{}】", "〔{}〕")
# What says that there is nothing, as it is written, so that looking it up is all there is to do for a cell.
EMPTY = frozenset(
    {"", *_MARKS}
    | {
        around.format(written)
        for word in _NOTHING
        for written in (word, word.upper(), word.lower(), word.capitalize())
        for around in _AROUND
    }
)

_TRUE = frozenset({"是", "有", "Y", "YES", "TRUE", "T", "1", "√", "✓", "对", "真"})
_FALSE = frozenset({"否", "无", "没有", "N", "NO", "FALSE", "F", "0", "×", "✗", "X", "不", "不是", "错", "假"})
_LONGEST_TEXT_CHARS = 100_000
_DIGITS = "0123456789"
_DIGITS_KEPT = 17
# What a program makes of a long number, in a workbook or in a text file exported from one.
_SCIENTIFIC = re.compile(r"[0-9](?:\.[0-9]+E\+?|E\+)[0-9]{2,3}", re.IGNORECASE)
# A spreadsheet keeps fifteen digits and writes zeros for the rest: one number of 18 digits in a thousand ends so by
# chance.
_FIFTEEN_DIGITS_ONLY = re.compile(r"[1-9][0-9]{14}000+")
_SHORTEST_LOST_CHARS, _LONGEST_LOST_CHARS = 4, 40
# Numbers that went through a program which knows fractions only: 810000.0.
_WHOLE_WITH_POINT = re.compile(r"([0-9]+)\.0+")
_TIME_OF_DAY = re.compile(r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?")


def is_empty(cell: Cell) -> bool:
    """Whether a cell says that there is nothing: blank, 空, 无, /, -, N/A, NULL."""
    return cell is None or (isinstance(cell, str) and cell.strip() in EMPTY)


def half_width(text: str) -> str:
    """Return text half-width, without blanks around."""
    return text.strip() if text.isascii() else unicodedata.normalize("NFKC", text).strip()


def shown(number: float) -> str:
    """Return an Excel number as Excel shows it: whole without a point, fifteen digits at most."""
    if number.is_integer() and abs(number) < 1e15:
        return str(int(number))
    text = repr(number)
    return text if sum(c.isdigit() for c in text.split("e")[0].lstrip("-0.")) <= 15 else format(number, ".15g")


def to_text(cell: Cell) -> str | None:
    """Return a cell's text without blanks around. A number that lost its last digits is a problem in text too."""
    if type(cell) is str:
        text = cell.strip()
        if text in EMPTY:
            return None
        if text[0] in _DIGITS:
            _refuse_lost(text)
        elif text[0] == "'" and ends_in_zeros(text[1:]):
            return text[1:]
        if len(text) > _LONGEST_TEXT_CHARS:
            raise ValueProblem(
                ReasonCode.TOO_LONG, f"文字有{len(text)}个字，超过{_LONGEST_TEXT_CHARS}个", "请缩短或分列填写"
            )
        return text
    if type(cell) is float and abs(cell) >= 1e15:
        raise _digits_lost("变成科学计数")
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


def to_code(cell: Cell) -> str | None:
    """Return the text of a number or code, its digits and letters half-width, without a fraction of zeros.

    Lost digits are a problem, as is a date: a program took 1-2 for the second of January.
    """
    if isinstance(cell, date):
        raise _date_for_code()
    text = to_text(cell)
    if text is None:
        return None
    if text[0] == "'" and "'" not in text[1:]:
        # Before a number, the mark by which Excel takes it for text.
        text = text[1:].strip()
        if text in EMPTY:
            return None
        if _SCIENTIFIC.fullmatch(text):
            raise _digits_lost("变成科学计数")
    if not text.isascii() and text[0] not in "（〔":
        # Full-width digits and letters only: 〔2025〕 and Chinese punctuation belong to a document's number.
        text = "".join(chr(ord(c) - 0xFEE0) if "０" <= c <= "ｚ" and c.isalnum() else c for c in text)
    if "." in text and (whole := _WHOLE_WITH_POINT.fullmatch(text)) is not None:
        return whole[1]
    if ":" in text and _TIME_OF_DAY.fullmatch(text):
        raise _date_for_code()
    return text


def ends_in_zeros(text: str) -> bool:
    """Whether a long number may have lost what stood behind its fifteenth digit."""
    return _FIFTEEN_DIGITS_ONLY.fullmatch(text) is not None


def _refuse_lost(text: str) -> None:
    if not _SHORTEST_LOST_CHARS <= len(text) <= _LONGEST_LOST_CHARS:
        return
    if text[-3:] == "000" and len(text) > _DIGITS_KEPT:
        if ends_in_zeros(text):
            raise _digits_lost("补了零", "；号码原本如此的，请在前面加一个英文单引号（'）")
    elif _SCIENTIFIC.fullmatch(text):
        raise _digits_lost("变成科学计数")


def _digits_lost(how: str, otherwise: str = "") -> ValueProblem:
    return ValueProblem(
        ReasonCode.DIGITS_LOST,
        f"长数字的末几位已被 Excel 等程序丢失（{how}）",
        f"请把这一列设为文本格式，从原系统重新取数后填写{otherwise}",
    )


def _date_for_code() -> ValueProblem:
    return ValueProblem(
        ReasonCode.DATE_FOR_CODE,
        "这一列应是号码或代码，这里却是日期或时间（可能是 Excel 自动改的）",
        "请把这一列设为文本格式后重新填写",
    )


def to_phone(cell: Cell) -> str | None:
    """Return a telephone number, half-width."""
    text = to_code(cell)
    if text is None:
        return None
    text = half_width(text)
    if sum(c.isdigit() for c in text) < 5 and "*" not in text:
        raise ValueProblem(ReasonCode.PHONE_INVALID, "电话号码的位数太少", "请核对电话号码")
    return text


def to_email(cell: Cell) -> str | None:
    """Return an e-mail address, half-width."""
    text = to_text(cell)
    if text is None:
        return None
    text = half_width(text).replace(" ", "")
    name, at, host = text.rpartition("@")
    if not (name and at and "." in host):
        raise ValueProblem(ReasonCode.EMAIL_INVALID, "电子邮箱的写法不对", "请核对电子邮箱，如 name@example.com")
    return text


def to_boolean(cell: Cell) -> bool | None:
    """Return the truth that a cell writes: 是, 有, Y, 1, √ and their opposites."""
    if cell is None or isinstance(cell, bool):
        return cell
    text = half_width(as_text(cell)).upper().removesuffix(".0")
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    if text in EMPTY:
        return None
    raise ValueProblem(ReasonCode.NOT_A_BOOLEAN, f"“{text[:20]}”既不是“是”也不是“否”", "请填写 是 或 否")
