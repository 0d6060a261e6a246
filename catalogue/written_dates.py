"""Whole dates in titles and names: which of them say as of when the data is, and which say something else."""

import contextlib
import re
import unicodedata
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

_DATE = (
    r"(?<!\d)20\d{2}(?:年\d{1,2}月\d{1,2}日?|-\d{1,2}-\d{1,2}|/\d{1,2}/\d{1,2}|\.\d{1,2}\.\d{1,2}"
    r"|(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))(?!\d)"
)
_SPAN = re.compile(rf"({_DATE})\s*(?:[-~—–_至到]|--)\s*({_DATE})")
_SINGLE = re.compile(_DATE)
_PARTS = re.compile(r"(20\d{2})\D?(\d{1,2})\D?(\d{1,2})\D?")
# Said outright. 截至2025年3月 and 截至2024年底 are the last day of the month and of the year.
_AS_OF = r"(?:数据(?:截[至止])?(?:日期|时点|时间)|截[至止](?:日期|时间|时点)?|统计时点)\s*[:为是到至于]*\s*"
_PHRASE = re.compile(rf"{_AS_OF}\(?(?:{_DATE}\s*(?:[-~—–至到]|--)\s*)?({_DATE})")
_PHRASE_MONTH = re.compile(
    rf"{_AS_OF}\(?(?<!\d)(20\d{{2}})(?:[-./年](1[0-2]|0?[1-9])(?:月[底末]?|(?![-./\d月]))|年[底末])(?!\d)"
)
# When somebody exported, printed or filled in the table says nothing of its data.
_MADE = (
    r"(?:导出|打印|制表|填表|填报|生成|下载|印发|发布|公布|报送|上报|备份|创建|编制|交换|采集|更新|修改|推送|打包"
    r"|export(?:ed)?|print(?:ed)?|dump|backup|created?)"
)
_MADE_BEFORE = re.compile(rf"{_MADE}(?:日期|时间|日|于|在|时点|_at|date|time)?[\s:_(\-]*$", re.IGNORECASE)
_MADE_BEHIND = re.compile(
    rf"\s*日?[\s_)\-]*(?:\d{{2}}:?\d{{2}}(?::?\d{{2}})?)?[\s_)\-]*{_MADE}(?!日|时间|于|:)", re.IGNORECASE
)
# A name with one of these is a program's: its date is that of the file.
_EXPORTED = re.compile(r"导出|打印|下载|备份|export|print|dump|backup|download", re.IGNORECASE)
# A stamp with the time of day is a program's, and one with a serial number behind it is a number: 20250103-7.
_TIME_BEHIND = re.compile(r"-\d{1,4}(?!\d)|[\sT_\-]*(?:\d{2}:?\d{2}(?::?\d{2})?|\d{1,2}[时点]\d{1,2})(?!\d)")
# In a name a date stands for itself: 名单_2025-03-31, 名单20250331(1), 2025.3.31名单.
_ENDS_TOKEN = re.compile(r"$|[\s_()\-.、,，]")


class WrittenDate(NamedTuple):
    """A data date that a text writes. ``outright``: a phrase says that it is one."""

    day: date
    outright: bool


@dataclass(frozen=True, slots=True)
class WrittenSpan:
    """Two dates with 至 between them; ``start`` and ``end`` are positions in the text."""

    first: date
    last: date
    start: int
    end: int


def half_width_text(text: str) -> str:
    """Return a text with half-width digits and brackets; positions in it are its own."""
    return unicodedata.normalize("NFKC", text)


def data_dates(text: str, *, is_name: bool) -> list[WrittenDate]:
    """Return the dates that a text gives as its data's; those of an export or print, and stamps with a time, are none.

    ``is_name``: it is a file's or a sheet's name, where a date may stand for itself.
    """
    plain = half_width_text(text)
    outright = [day for match in _PHRASE.finditer(plain) if (day := _day(match[1])) is not None]
    outright += [_last_day(int(match[1]), int(match[2] or 12)) for match in _PHRASE_MONTH.finditer(plain)]
    if outright:
        return [WrittenDate(day, outright=True) for day in dict.fromkeys(outright)]
    spans = list(spans_of(plain))
    # 2025-01-01至2025-03-31 is data as of the end.
    days = [span.last for span in spans]
    if is_name and not _EXPORTED.search(plain):
        singles = _SINGLE.finditer(plain)
        days += [
            day
            for match in singles
            if not any(span.start <= match.start() < span.end for span in spans)
            and _ENDS_TOKEN.match(plain, match.end())
            and not _is_stamp(plain, match.start(), match.end())
            and (day := _day(match[0])) is not None
        ]
    return [WrittenDate(day, outright=False) for day in dict.fromkeys(days)]


def days(text: str) -> list[date]:
    """Return the whole dates that a text writes."""
    return [day for match in _SINGLE.finditer(half_width_text(text)) if (day := _day(match[0])) is not None]


def spans_of(plain: str) -> Iterator[WrittenSpan]:
    """Yield the spans of days that a half-width text writes, without those of an export."""
    for match in _SPAN.finditer(plain):
        first, last = _day(match[1]), _day(match[2])
        if first is not None and last is not None and first < last and not _is_stamp(plain, *match.span()):
            yield WrittenSpan(first, last, match.start(), match.end())


def without_dates(plain: str) -> str:
    """Return a half-width text with its whole dates blotted out: of a day nobody says that its month is meant."""
    return _SINGLE.sub(" # ", plain)


def is_made(plain: str, start: int, end: int) -> bool:
    """Whether what stands between two positions tells when the table was exported, printed or filled in."""
    return _MADE_BEFORE.search(plain[:start]) is not None or _MADE_BEHIND.match(plain, end) is not None


def _is_stamp(plain: str, start: int, end: int) -> bool:
    return is_made(plain, start, end) or _TIME_BEHIND.match(plain, end) is not None


def _day(text: str) -> date | None:
    match = _PARTS.fullmatch(text)
    with contextlib.suppress(ValueError):
        return date(int(match[1]), int(match[2]), int(match[3])) if match else None
    return None


def _last_day(year: int, month: int) -> date:
    return date(year, month, monthrange(year, month)[1])
