"""Dates, months and years as departments write them.

2025-01-02, 2025/1/2, 2025.1.2, 20250102, 2025年1月2日, Excel serials, 2025年1月. Business time is Asia/Shanghai.
"""

import functools
import re
import unicodedata
from calendar import monthrange
from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime, timedelta

from catalogue.times import SHANGHAI
from connectors.tables import Cell
from producers.tables.problems import ReasonCode, ValueProblem
from producers.tables.texts import EMPTY

# What has no end is written in words or as 9999-12-31; both mean the same.
NO_END = date(9999, 12, 31)

_NO_END_WORDS = frozenset({"长期", "长期有效", "永久", "永久有效", "无固定", "无固定期限", "无限期", "无期限"})
# Excel counts days from here, its false 1900-02-29 included; the plausible serials are 1930 to 2119.
_EXCEL_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - a spreadsheet's day has no zone
# Workbooks from an old Macintosh count from 1904; the numbers of their dates are smaller by so many days.
_DAYS_FROM_1900_TO_1904 = 1462
# What programs write for no day: the zeros of spreadsheets and databases.
_ZERO_DAYS = frozenset({date(1899, 12, 30), date(1899, 12, 31), date(1900, 1, 1), date(1904, 1, 1)})
_FIRST_SERIAL, _LAST_SERIAL = 10_959, 80_000
_WRITTEN = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})(?:\s*[-/.月]\s*(\d{1,2})\s*[日号]?)?月?"
    r"(?:\s*T?\s*(\d{1,2})[:时](\d{1,2})(?:[:分](\d{1,2})(?:\.\d+)?秒?|分)?)?"
    r"\s*(Z|[+-]\d{2}:?\d{2})?"
)
_MONTH = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])")
_PACKED = re.compile(r"(\d{4})(\d{2})(?:(\d{2})(?:\s*(\d{2}):?(\d{2})(?::?(\d{2}))?)?)?")

# Year, month, day or None, hour, minute, second; in Asia/Shanghai.
Parts = tuple[int, int, int | None, int, int, int]


def _problem(text: str, wanted: str) -> ValueProblem:
    return ValueProblem(
        ReasonCode.NOT_A_DATE, f"“{text[:20]}”不是{wanted}", f"请写成{wanted}，如 2025-01-02、2025年1月"
    )


def _parts(text: str, wanted: str) -> Parts | None:
    """Return what a text writes; None for an empty mark."""
    plain = text.strip() if text.isascii() else unicodedata.normalize("NFKC", text).strip()
    if plain in EMPTY or text.strip() in EMPTY:
        return None
    if plain in _NO_END_WORDS:
        return (NO_END.year, NO_END.month, NO_END.day, 0, 0, 0)
    if plain.endswith(".0"):
        plain = plain[:-2]  # from a program that knows fractions only
    matched = _PACKED.fullmatch(plain) or _WRITTEN.fullmatch(plain)
    if matched is None:
        try:
            serial = float(plain)
        except ValueError:
            raise _problem(text.strip(), wanted) from None
        return _of_datetime(_from_serial(serial, wanted))
    year, month, day, hour, minute, second = (int(digits) if digits else None for digits in matched.groups()[:6])
    parts = (year or 0, month or 0, day, hour or 0, minute or 0, second or 0)
    zone = matched.group(7) if matched.re is _WRITTEN else None
    if zone is None:
        return parts
    # 2025-01-01T16:00Z is a midnight in Shanghai: its day, month and year are those of the morning after.
    try:
        return _of_datetime(datetime.fromisoformat(_moment(parts, wanted).isoformat() + zone))
    except (ValueError, OverflowError):
        raise _problem(text.strip(), wanted) from None


def _from_serial(serial: float, wanted: str) -> datetime:
    if not _FIRST_SERIAL <= serial <= _LAST_SERIAL:
        raise _problem(f"{serial:g}", wanted)
    # Excel keeps a time as a fraction of a day; its last digits are noise below a second.
    return _EXCEL_EPOCH + timedelta(seconds=round(serial * 86_400))


def _of_datetime(moment: datetime) -> Parts:
    if moment.tzinfo is not None:
        moment = moment.astimezone(SHANGHAI)
    return (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)


def _moment(parts: Parts, wanted: str) -> datetime:
    """Return the local time, without a zone."""
    day, (hour, minute, second) = _checked(parts, parts[2] or 1, wanted), parts[3:]
    try:
        return datetime(day.year, day.month, day.day, hour, minute, second)  # noqa: DTZ001
    except ValueError:
        raise ValueProblem(ReasonCode.NOT_A_DATE, f"{hour}时{minute}分{second}秒不存在", "请核对时间") from None


def _read(cell: Cell, wanted: str) -> Parts | None:
    if cell is None:
        return None
    if isinstance(cell, str):
        return _parts(cell, wanted)
    if isinstance(cell, bool):
        raise _problem("是" if cell else "否", wanted)
    if isinstance(cell, datetime):
        return _of_datetime(cell)
    if isinstance(cell, date):
        return (cell.year, cell.month, cell.day, 0, 0, 0)
    if cell >= 100_000:
        return _parts(str(int(cell)), wanted)
    return _of_datetime(_from_serial(float(cell), wanted))


def _checked(parts: Parts, day: int, wanted: str) -> date:
    year, month = parts[0], parts[1]
    if year == 0:
        raise _zero_day(wanted)
    if not (1850 <= year <= 2200 or year == NO_END.year):
        raise ValueProblem(ReasonCode.DATE_IMPLAUSIBLE, f"年份{year}不合常理", f"请核对{wanted}")
    try:
        checked = date(year, month, day)
    except ValueError:
        raise ValueProblem(ReasonCode.NOT_A_DATE, f"{year}年{month}月{day}日不存在", f"请核对{wanted}") from None
    if parts[2] is not None and checked in _ZERO_DAYS:
        raise _zero_day(wanted)
    return checked


def _zero_day(wanted: str) -> ValueProblem:
    return ValueProblem(
        ReasonCode.DATE_ZERO,
        f"这是程序在没有{wanted}时写的零值（如 1899-12-30、1900-01-01、0000-00-00）",
        f"请核对{wanted}；没有的请留空",
    )


def with_days_from_1904(cells: Sequence[Cell], columns: Collection[int]) -> list[Cell]:
    """Return a row of a workbook that counts days from 1904, its bare numbers in ``columns`` as dates."""
    dated = list(cells)
    for index in columns:
        cell = dated[index] if index < len(dated) else None
        if isinstance(cell, (int, float)) and not isinstance(cell, bool):
            days = cell + _DAYS_FROM_1900_TO_1904
            if _FIRST_SERIAL <= days <= _LAST_SERIAL:
                dated[index] = _from_serial(days, "日期")
    return dated


def date_converter(*, ends: bool) -> Callable[[Cell], date | None]:
    """Return the conversion to a date; 2025年1月 is its last day where the column ``ends`` a span, else its first."""

    # Thousands of rows write the same few days.
    @functools.lru_cache(maxsize=1 << 12)
    def written(text: str) -> date | None:
        return converted(text)

    def to_date(cell: Cell) -> date | None:
        if type(cell) is str and len(cell) == 10 and cell[4] == "-" == cell[7]:
            try:
                if "1904-01-02" <= cell <= "2200":
                    return date.fromisoformat(cell)
            except ValueError:
                pass
        return written(cell) if type(cell) is str else converted(cell)

    def converted(cell: Cell) -> date | None:
        parts = _read(cell, "日期")
        if parts is None:
            return None
        day = parts[2]
        if day is None:
            valid = ends and 1 <= parts[1] <= 12
            day = monthrange(parts[0], parts[1])[1] if valid else 1
        return _checked(parts, day, "日期")

    return to_date


def to_timestamp(cell: Cell) -> datetime | None:
    """Return an aware moment; what names no zone is Asia/Shanghai, what names no hour its midnight."""
    if isinstance(cell, datetime) and cell.tzinfo is not None:
        return cell
    # Seconds or milliseconds since 1970; 202501021230 is written in digits.
    if isinstance(cell, (int, float)) and not isinstance(cell, bool) and 1e9 <= cell < 1e13:
        if not 1.85e11 <= cell < 2.2e11:
            return datetime.fromtimestamp(cell / (1000 if cell >= 1e11 else 1), SHANGHAI)
        cell = str(int(cell))
    parts = _read(cell, "时间")
    if parts is None:
        return None
    return _moment(parts, "时间").replace(tzinfo=SHANGHAI)


def to_month(cell: Cell) -> str | None:
    """Return YYYY-MM; a whole date gives its month."""
    if type(cell) is str and _MONTH.fullmatch(cell) and "1850" <= cell <= "2200":
        return cell
    parts = _read(cell, "年月")
    if parts is None:
        return None
    first = _checked(parts, parts[2] or 1, "年月")
    return f"{first.year:04d}-{first.month:02d}"


def to_year(cell: Cell) -> int | None:
    """Return the year; 2025年, 2025年度 and a whole date give theirs."""
    if isinstance(cell, (int, float)) and not isinstance(cell, bool) and 1850 <= cell <= 2200 and cell == int(cell):
        return int(cell)
    if isinstance(cell, str):
        plain = unicodedata.normalize("NFKC", cell).strip().removesuffix("度").removesuffix("年")
        if len(plain) == 4 and plain.isdigit():
            return _checked((int(plain), 1, 1, 0, 0, 0), 1, "年度").year
    parts = _read(cell, "年度")
    return None if parts is None else _checked(parts, parts[2] or 1, "年度").year
