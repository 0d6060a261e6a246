"""Cells as text: what is empty, how a number is shown, and the values that stay text."""

import re
import unicodedata
from datetime import date, datetime

from connectors.tables import Cell
from producers.tables.problems import ReasonCode, ValueProblem

EMPTY = frozenset({"", "空", "无", "/", "\\", "-", "--", "—", "——", "－", "／", "NULL", "\\N"})

_TRUE = frozenset({"是", "有", "Y", "YES", "TRUE", "T", "1", "√", "✓", "对", "真"})
_FALSE = frozenset({"否", "无", "没有", "N", "NO", "FALSE", "F", "0", "×", "✗", "X", "不", "不是", "错", "假"})
_LONGEST_TEXT_CHARS = 100_000
# What a program makes of a long number, in a workbook or in a text file exported from one.
_SCIENTIFIC = re.compile(r"[0-9](?:\.[0-9]+)?E\+[0-9]{2,3}", re.IGNORECASE)


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


def to_text(cell: Cell) -> str | None:
    """Return a cell's text without blanks around."""
    if type(cell) is str:
        text = cell.strip()
        if text in EMPTY or (len(text) == 4 and text.upper() in EMPTY):
            return None
        if len(text) > _LONGEST_TEXT_CHARS:
            raise ValueProblem(
                ReasonCode.TOO_LONG, f"文字有{len(text)}个字，超过{_LONGEST_TEXT_CHARS}个", "请缩短或分列填写"
            )
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


def to_code(cell: Cell) -> str | None:
    """Return the text of a number or code, its digits and letters half-width; lost digits are a problem."""
    _refuse_lost_digits(cell)
    text = to_text(cell)
    if text is not None and text[0] == "'" and "'" not in text[1:]:
        # Before a number, the mark by which Excel takes it for text.
        text = text[1:].strip() or None
    if text is not None and not text.isascii() and text[0] not in "（〔":
        # Full-width digits and letters only: 〔2025〕 and Chinese punctuation belong to a document's number.
        text = "".join(chr(ord(c) - 0xFEE0) if "０" <= c <= "ｚ" and c.isalnum() else c for c in text)
    return text


def _refuse_lost_digits(cell: Cell) -> None:
    lost = abs(cell) >= 1e15 if isinstance(cell, float) else False
    if lost or (type(cell) is str and _SCIENTIFIC.fullmatch(cell.strip())):
        raise ValueProblem(
            ReasonCode.DIGITS_LOST, "Excel 已把长数字变成科学计数，末几位丢失", "请把这一列设为文本格式后重新填写"
        )


def to_phone(cell: Cell) -> str | None:
    """Return a telephone number, half-width."""
    _refuse_lost_digits(cell)
    text = to_text(cell)
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
    text = half_width(as_text(cell)).upper()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    if text in EMPTY:
        return None
    raise ValueProblem(ReasonCode.NOT_A_BOOLEAN, f"“{text[:20]}”既不是“是”也不是“否”", "请填写 是 或 否")
