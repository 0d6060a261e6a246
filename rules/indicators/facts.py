"""What an indicator may see of a record, and the numbers of its values."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

from catalogue.times import business_date, micros

MILLION = 1_000_000
EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)


class Fact:
    """What an indicator may see of a record: when it took effect, its period, and its decoded payload; never changed.

    ``effective``: the business date from which on it counts. ``order``: its source time in microseconds.
    """

    # One is made for each record and series ask all of it: without a dict and properties it takes half the time.
    __slots__ = ("data", "effective", "order", "period", "source_time")

    def __init__(self, source_time: datetime, data: Mapping[str, Any], period: str | None = None) -> None:
        self.source_time, self.data, self.period = source_time, data, period
        self.effective, self.order = business_date(source_time), micros(source_time)


def as_date(value: Any) -> date | None:
    """Return the business date of a date or moment; None for anything else."""
    if isinstance(value, datetime):
        return business_date(value)
    return value if isinstance(value, date) else None


def day_number(day: date) -> int:
    """Return a day as the number YYYYMMDD."""
    return day.year * 10_000 + day.month * 100 + day.day


def millionths(value: Decimal | int) -> int:
    """Return a number in millionths, exactly: the catalogue's numbers have at most six decimals."""
    return value * MILLION if isinstance(value, int) else int(value.scaleb(6, EXACT))


def from_millionths(number: int) -> Decimal:
    """Return a number that ``millionths`` made, with six decimals."""
    return Decimal(number).scaleb(-6, EXACT)
