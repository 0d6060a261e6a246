"""What an indicator may see of a record, and the numbers of its values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import cached_property
from typing import Any

from catalogue.times import business_date, micros

MILLION = 1_000_000
EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)


@dataclass(frozen=True)
class Fact:
    """What an indicator may see of a record: when it took effect, its period, and its decoded payload."""

    source_time: datetime
    data: Mapping[str, Any]
    period: str | None = None

    @cached_property
    def effective(self) -> date:
        """The business date from which on it counts."""
        return business_date(self.source_time)

    @cached_property
    def order(self) -> int:
        """Its source time in microseconds."""
        return micros(self.source_time)


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
