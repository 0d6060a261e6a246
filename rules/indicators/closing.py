"""When periods are closed, as data (``closing.yaml``): windows over periods end with the last closed one.

Periods are known by the number of their last month (``catalogue.months``).
"""

import functools
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import yaml

from catalogue.errors import CatalogueError
from catalogue.months import last_day, month_number, month_of

CLOSINGS = Path(__file__).with_name("closing.yaml")


@dataclass(frozen=True, slots=True)
class Closing:
    """How periods of one length are closed: on a ``day`` of the month that comes ``months`` after their last one."""

    every: int
    """How many months a period has."""
    months: int
    day: int

    def closes_on(self, month: int) -> date:
        """Return the day from which on a period counts, by the number of its last month."""
        return _closes_on(self.months, self.day, month)

    def closed(self, day: date) -> int:
        """Return the last month of the newest period that is closed on a day."""
        return _closed(self.every, self.months, self.day, day)


@functools.lru_cache(maxsize=1 << 12)
def _closes_on(months: int, day: int, month: int) -> date:
    year, number = month_of(month + months)
    return date(year, number, min(day, last_day(year, number).day))


@functools.lru_cache(maxsize=1 << 12)
def _closed(every: int, months: int, closing_day: int, day: date) -> int:
    month = month_number(day) - months
    month -= (month + 1) % every
    return month if _closes_on(months, closing_day, month) <= day else month - every


@functools.cache
def load_closings(path: Path = CLOSINGS) -> dict[str, Closing]:
    """Return the closings by how often something is reported; raises CatalogueError for one that cannot be."""
    rows = yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
    for name, row in rows.items():
        if row["every"] not in (1, 3, 12) or row["months"] < 0 or not 1 <= row["day"] <= 31:
            raise CatalogueError(f"closing.yaml: {name} says {row}, which no period can be closed by.")
    return {name: Closing(**row) for name, row in rows.items()}
