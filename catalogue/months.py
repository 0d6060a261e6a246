"""Months as numbers, and the same day some months earlier."""

from calendar import monthrange
from datetime import date


def month_number(day: date) -> int:
    """Return the months from the year 0 to a day's month: those of two days differ by the months between them."""
    return day.year * 12 + day.month - 1


def month_of(number: int) -> tuple[int, int]:
    """Return (year, month) of a month's number."""
    year, month = divmod(number, 12)
    return year, month + 1


def last_day(year: int, month: int) -> date:
    """Return a month's last day."""
    return date(year, month, monthrange(year, month)[1])


def months_before(day: date, months: int) -> date:
    """Return the same day so many months earlier, or that month's last day when it has no such day."""
    year, month = month_of(month_number(day) - months)
    return date(year, month, min(day.day, last_day(year, month).day))
