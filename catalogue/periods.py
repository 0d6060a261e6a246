"""Reporting periods (所属期): a year, quarter, month or day, as they are kept and as people write them."""

import functools
import re
from calendar import monthrange
from datetime import date

_PERIOD = re.compile(r"(?P<year>\d{4})(?:-(?P<month>\d{2})(?:-(?P<day>\d{2}))?|-Q(?P<quarter>[1-4]))?")
# Several months: a quarter when they are one, else no period that there is.
_MONTHS = re.compile(r"(?<!\d)((?:19|20)\d\d)年?\s*(1[0-2]|0?[1-9])月?\s*[-~～—–至到]\s*(1[0-2]|0?[1-9])月")
_WRITTEN = re.compile(
    r"(?<!\d)((?:19|20)\d\d)(?:年(?:度)?|[-./])?"
    r"(?:第?([1-4一二三四])季度?|Q([1-4])|(1[0-2]|0?[1-9])(?=\D|$|\d\d(?!\d))月?)?"
)


def written_period(text: str) -> str | None:
    """Return the period that a file name, title or option writes: 2025, 2025-03, 202503, 2025年3月, 2025-Q1.

    2025年1-3月 is a quarter. None where it writes none, or months that are no quarter.
    """
    if _PERIOD.fullmatch(text.strip()):
        return text.strip()
    several = _MONTHS.search(text)
    if several is not None:
        first, last = int(several[2]), int(several[3])
        if (first, last) == (1, 12):
            return several[1]
        return f"{several[1]}-Q{last // 3}" if last % 3 == 0 and last - first == 2 else None
    written = _WRITTEN.search(text)
    if written is None:
        return None
    year, quarter, latin, month = written.groups()
    if quarter or latin:
        return f"{year}-Q{'一二三四'.find(quarter) + 1 if quarter and quarter in '一二三四' else quarter or latin}"
    return f"{year}-{int(month):02d}" if month else year


def period_end(period: str) -> date:
    """Return the last day of a period (YYYY, YYYY-MM, YYYY-Qn, YYYY-MM-DD); raises ValueError for no period."""
    parts = _PERIOD.fullmatch(period)
    if parts is None:
        raise ValueError(f"{period!r} is no period")
    year = int(parts["year"])
    if parts["day"]:
        return date(year, int(parts["month"]), int(parts["day"]))
    month = int(parts["quarter"]) * 3 if parts["quarter"] else int(parts["month"] or 12)
    return date(year, month, monthrange(year, month)[1])


# A file writes the same few periods in all of its rows.
@functools.lru_cache(maxsize=1 << 10)
def period_begin(period: str) -> date:
    end = period_end(period)
    months = 12 if len(period) == 4 else 3 if "Q" in period else 1
    return end if len(period) == 10 else date(end.year, end.month - months + 1, 1)
