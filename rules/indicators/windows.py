"""When a day leaves a window of months."""

import functools
from datetime import MAXYEAR, date, timedelta

from catalogue.months import month_number, month_of, months_before


@functools.lru_cache(maxsize=1 << 16)
def window_end(placed: date, months: int) -> date | None:
    """Return the first day whose window of ``months`` no longer contains ``placed``; None beyond the year 9998."""
    year, month = month_of(month_number(placed) + months)
    if year >= MAXYEAR:
        return None
    # months_before may fall on a shorter month's last day, so the day is found by trying, from day 28 at the latest.
    day = date(year, month, min(placed.day, 28))
    while months_before(day, months) < placed:
        day += timedelta(days=1)
    return day
