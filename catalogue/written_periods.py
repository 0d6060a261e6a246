"""Periods in titles and names: 2025年3月, 2025年度, 2025年第一季度, 2025-03, and a sheet called 3月."""

import re
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from catalogue.model import Period
from catalogue.periods import period_end, written_period
from catalogue.written_dates import days, half_width_text, is_made, spans_of, without_dates

_YEAR = r"(?<!\d)(?:19|20)\d\d"
_MONTH = r"(?:1[0-2]|0?[1-9])"
_TOKEN = re.compile(
    rf"{_YEAR}年?\s*{_MONTH}月?\s*[-~—–至到]\s*{_MONTH}月(?:份)?"
    rf"|{_YEAR}年?\s*[-~—–_至到]\s*(?:19|20)\d\d(?!\d)年?(?:度)?"
    rf"|{_YEAR}年?(?:度)?\s*(?:第?[1-4一二三四]季度?|{_MONTH}月(?:份)?)"
    rf"|{_YEAR}[-_./年]?Q[1-4]"
    # 2025.1 may be the 2025.10 that a spreadsheet cut: no period.
    rf"|{_YEAR}(?:[-./](?:1[0-2]|0[1-9])|[-/][1-9])(?![\d./]|-\d)"
    rf"|{_YEAR}(?:1[0-2]|0[1-9])(?!\d)"
    rf"|{_YEAR}(?![\-./]?\d)年?(?:度)?",
    re.IGNORECASE,
)
_YEARS = re.compile(rf"{_YEAR}年?\s*[-~—–_至到]\s*(?:19|20)\d\d年?(?:度)?")
# A quantity (2000强) is no year, nor is that of a rule's edition or of a document's number: 2018版, [2025]12号.
_QUANTITY = re.compile(r"\s*[强家户万元条件人名个]")
_EDITION = re.compile(r"\s*(?:版|年版|年?修[订正]|年?制|[\])〕】]\s*第?\d+\s*号|\s*第?\d+\s*号)")
# What makes another span of a year or a month, and no period of ours: 2025年上半年, 前三季度, 1月以来.
_OTHER_SPAN = re.compile(
    r"\s*(?:[上下]半年?|前[一二三四1-9半]|第?[1-4一二三四]\s*[-~—–、至到和及]|[-~—–]*至今|[-~—–]\s*[Q\d]|至|到|以来|以前|之前|以后|之后|起)"
)
_SPAN_BEGUN = re.compile(r"(?:(?:19|20)\d\d(?:[-./]\d{1,2})?|[年月度]|Q\d)\s*[-~—–至到]+\s*$")
_OUTRIGHT = re.compile(
    r"(?:所属(?:期|时期|期间|年度|年月|月份|年份)(?:间|起止)?|报告(?:期|年度)|统计(?:期间?|年度|月份|年月)|年报年度|数据期别|报表期)"
    r"\s*[:为是]?\s*\(?$"
)
# A month or quarter without its year: a sheet of a workbook that is named after the year.
_PART_OF_YEAR = re.compile(
    rf"(?<![\d年\-./])(?:({_MONTH})月(?:份)?|第?([1-4一二三四])季度?|Q([1-4]))(?![\d\-~至到])", re.IGNORECASE
)


class WrittenPeriod(NamedTuple):
    """A period that a text writes. ``outright``: it is called one. ``period`` is "" for months that are no period."""

    period: str
    outright: bool


def periods(text: str) -> list[WrittenPeriod]:
    """Return the periods that a text writes, each once. Years of exports, editions and document numbers are none."""
    plain = half_width_text(text)
    return list(dict.fromkeys(_periods(plain)))


def _periods(plain: str) -> Iterator[WrittenPeriod]:
    for span in spans_of(plain):
        yield WrittenPeriod(_of_span(span.first.isoformat(), span.last.isoformat()), _is_outright(plain, span.start))
    rest = without_dates(plain)
    for match in _TOKEN.finditer(rest):
        if is_made(rest, *match.span()) or _EDITION.match(rest, match.end()):
            continue
        if match[0].isdigit() and len(match[0]) == 4 and _QUANTITY.match(rest, match.end()):
            continue
        other_span = _YEARS.fullmatch(match[0]) or _OTHER_SPAN.match(rest, match.end())
        other_span = other_span or _SPAN_BEGUN.search(rest[: match.start()])
        period = "" if other_span else written_period(match[0]) or ""
        yield WrittenPeriod(period, _is_outright(rest, match.start()))


def part_of_year(text: str) -> str | None:
    """Return -03 for 3月 and -Q1 for 一季度, where a text writes one of them and no year; else None."""
    plain = without_dates(half_width_text(text))
    matches = list(_PART_OF_YEAR.finditer(plain))
    if len(matches) != 1 or _TOKEN.search(plain):
        return None
    month, chinese, latin = matches[0].groups()
    if month:
        return f"-{int(month):02d}"
    return f"-Q{latin or ('一二三四'.find(chinese) + 1 or chinese)}"


@lru_cache(maxsize=1 << 12)
def column_period(texts: tuple[str, ...], kind: Period, year: int | None) -> str | None:
    """Return the period that the period columns of one row write together; None where they write none, or several.

    2025 and 3 in two columns are 2025-03. A month or quarter alone is one of ``year``, that of the submission. A whole
    day stands for the period of the item's ``kind`` that it lies in.
    """
    written: list[str] = []
    parts: list[str] = []
    for text in texts:
        text = text.removesuffix(".0")
        own = [period for period, _ in periods(text)] or [_around(day, kind) for day in days(text)]
        part = part_of_year(text) or (f"-{int(text):02d}" if text.isdigit() and 1 <= int(text) <= 12 else None)
        if not own and part is None:
            return None
        written += own
        parts += [] if own or part is None else [part]
    if parts and not written and year is not None:
        written = [str(year)]
    finest = max(written, key=len, default="")
    if not finest or not all(period and contains(period, finest) for period in written) or len(set(parts)) > 1:
        return None
    whole = finest + parts[0] if parts and len(finest) == len("2025") else finest
    if parts and not whole.endswith(parts[0]):
        return None
    try:
        period_end(whole)
    except ValueError:
        return None
    return whole


def _around(day: date, kind: Period) -> str:
    return {
        Period.YEARLY: f"{day:%Y}",
        Period.QUARTERLY: f"{day.year}-Q{(day.month + 2) // 3}",
        Period.MONTHLY: f"{day:%Y-%m}",
    }.get(kind, day.isoformat())


def contains(longer: str, shorter: str) -> bool:
    """Whether one period lies in another: 2025-03 in 2025-Q1, and both in 2025."""
    if longer == shorter:
        return True
    if "Q" in longer and len(shorter) == 7 and "Q" not in shorter:
        return longer[:4] == shorter[:4] and (int(shorter[5:7]) + 2) // 3 == int(longer[-1])
    return len(longer) == 4 and shorter.startswith(f"{longer}-")


def _is_outright(plain: str, start: int) -> bool:
    return _OUTRIGHT.search(plain[:start]) is not None


def _of_span(first: str, last: str) -> str:
    """Return the month, quarter or year that two days begin and end; "" where they do not."""
    year, month = int(last[:4]), int(last[5:7])
    if last != period_end(f"{year}-{month:02d}").isoformat() or first[:4] != last[:4] or first[8:] != "01":
        return ""
    begun = int(first[5:7])
    return {0: f"{year}-{month:02d}", 11: str(year)}.get(
        month - begun, f"{year}-Q{month // 3}" if month - begun == 2 and month % 3 == 0 else ""
    )
