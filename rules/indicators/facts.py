"""What an indicator may see of a record, and the numbers of its values."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any, NamedTuple

from catalogue.times import business_date

MILLION = 1_000_000
EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)


class Fact(NamedTuple):
    """What an indicator may see of a record: when it took effect, its period, and its decoded payload."""

    source_time: datetime
    data: Mapping[str, Any]
    period: str | None = None


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
