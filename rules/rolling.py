"""Indicators kept up to date by what changes: each record gives each indicator a share for a span of days.

Between its first and its last day a share counts; nothing else about a record depends on the date. So an indicator
moves only when a record does, or when the calendar reaches the first or last day of a share: that costs the same
whether a subject has ten records or a hundred thousand. ``rules.indicators.evaluate`` is the plain definition that
this must always agree with (law 4; a Hypothesis test states it).
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import MAXYEAR, date, timedelta
from decimal import Decimal
from typing import Any

from rules.indicators import (
    EXACT,
    Fact,
    Indicator,
    as_date,
    business_date,
    day_number,
    months_before,
    on_the_wire,
    placed_on,
)

# The aggregates whose value is one share's: they need the shares in order.
ORDERED = frozenset({"max", "latest", "last_day"})


@dataclass(frozen=True, slots=True)
class Share:
    """What one record gives one indicator: it counts from ``enter`` until the day before ``leave``."""

    enter: date
    leave: date | None
    placed: date
    number: Decimal | None

    def counts(self, as_of: date) -> bool:
        """Whether it counts on a date."""
        return self.enter <= as_of and (self.leave is None or as_of < self.leave)


def share(indicator: Indicator, fact: Fact) -> Share | None:
    """Return a record's share in an indicator; None when it never has one."""
    data = fact.data
    for name, values in indicator.where.items():
        if str(data.get(name)) not in values:
            return None
    placed = placed_on(indicator, fact)
    enter = max(placed, business_date(fact.source_time))
    leave = None if indicator.window_months is None else _window_end(placed, indicator.window_months)
    for name in indicator.unless_filled:
        value = data.get(name)
        filled = as_date(value)
        if filled is not None:
            leave = filled if leave is None else min(leave, filled)
        elif value is not None:
            return None
    if leave is not None and leave <= enter:
        return None
    number = data.get(indicator.field) if indicator.field else None
    if indicator.aggregate in ("max", "latest") and number is None:
        return None
    return Share(enter, leave, placed, None if number is None else Decimal(number))


@functools.lru_cache(maxsize=1 << 16)
def _window_end(placed: date, months: int) -> date | None:
    """Return the first day whose window of ``months`` no longer holds ``placed``; None beyond the calendar."""
    year, month = divmod(placed.year * 12 + placed.month - 1 + months, 12)
    if year >= MAXYEAR:
        return None
    # From the month's first days on, for months_before may fall on a shorter month's last day.
    day = date(year, month + 1, 1) + timedelta(days=min(placed.day, 28) - 1)
    while months_before(day, months) < placed:
        day += timedelta(days=1)
    return day


@dataclass(slots=True)
class Running:
    """What the shares that count add up to."""

    shares: int = 0
    numbers: int = 0
    total: Decimal = Decimal(0)
    months: dict[str, int] = field(default_factory=dict)

    def add(self, indicator: Indicator, one: Share, sign: int) -> None:
        """Take a share in (``sign`` 1) or out (-1)."""
        self.shares += sign
        if one.number is not None:
            self.numbers += sign
            if indicator.aggregate in ("sum", "mean"):
                self.total = EXACT.add(self.total, one.number if sign > 0 else -one.number)
        if indicator.aggregate == "months":
            month = f"{one.placed:%Y%m}"
            held = self.months.get(month, 0) + sign
            if held:
                self.months[month] = held
            else:
                self.months.pop(month, None)

    def as_json(self) -> list[Any]:
        """Return what ``running`` reads again."""
        return [self.shares, self.numbers, str(self.total), self.months]


def running(raw: list[Any]) -> Running:
    """Return a value that ``as_json`` wrote."""
    return Running(raw[0], raw[1], Decimal(raw[2]), raw[3])


def value(indicator: Indicator, held: Running, top: tuple[date, Decimal | None] | None) -> Decimal | None:
    """Return an indicator's value as states carry it; ``top`` is the highest share that counts, where it is ordered."""
    kind = indicator.aggregate
    if kind == "count":
        return on_the_wire(Decimal(held.shares))
    if kind == "months":
        return on_the_wire(Decimal(len(held.months)))
    if kind in ORDERED:
        if top is None:
            return None
        return on_the_wire(day_number(top[0]) if kind == "last_day" else top[1])
    if not held.numbers:
        return None
    if kind == "sum":
        return on_the_wire(held.total)
    return on_the_wire(EXACT.divide(held.total, Decimal(held.numbers)))


def sort_key(indicator: Indicator, one: Share) -> bytes:
    """Return bytes that order the shares of an indicator as its aggregate does."""
    day = one.placed.toordinal().to_bytes(4, "big")
    if indicator.aggregate == "last_day":
        return day
    # Decimals of the catalogue have at most six places and 24 digits: exact as an integer of millionths.
    millionths = int((one.number or Decimal(0)).scaleb(6, EXACT)) + (1 << 127)
    number = millionths.to_bytes(16, "big")
    return number + day if indicator.aggregate == "max" else day + number


def from_sort_key(indicator: Indicator, key: bytes) -> tuple[date, Decimal | None]:
    """Return (placed, number) of a share from its sort key."""
    if indicator.aggregate == "last_day":
        return date.fromordinal(int.from_bytes(key[:4], "big")), None
    number, day = (key[:16], key[16:20]) if indicator.aggregate == "max" else (key[4:20], key[:4])
    return (
        date.fromordinal(int.from_bytes(day, "big")),
        Decimal(int.from_bytes(number, "big") - (1 << 127)).scaleb(-6, EXACT),
    )


def sort_key_size(indicator: Indicator) -> int:
    """Return how many bytes a sort key has."""
    return 4 if indicator.aggregate == "last_day" else 20


def moves(shares: Mapping[str, Share], after: date) -> set[date]:
    """Return the days after ``after`` on which one of the shares begins or ends to count."""
    days = {day for one in shares.values() for day in (one.enter, one.leave) if day is not None}
    return {day for day in days if day > after}
