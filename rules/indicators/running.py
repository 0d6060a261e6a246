"""Indicators kept up to date by what changes: each record gives each indicator a share for a span of days.

Between its first and its last day a share counts; nothing else about a record depends on the date. So an indicator
moves only when a record does, or when the calendar reaches the first or last day of a share: that costs the same
whether a subject has ten records or a hundred thousand. ``rules.indicators.definitions.evaluate`` is the plain
definition that this must always agree with (law 4; a Hypothesis test states it).
"""

import functools
from collections.abc import Iterable, Iterator
from datetime import MAXYEAR, date, timedelta
from typing import Any, NamedTuple

from catalogue.times import business_date
from rules.indicators.definitions import Fact, Indicator, as_date, millionths, months_before

MILLION = 1_000_000
# The aggregates whose value is one share's: they need the shares in order.
ORDERED = frozenset({"max", "latest", "last_day"})
_NUMBERED = frozenset({"max", "latest"})


class Share(NamedTuple):
    """What one record gives one indicator: it counts from ``enter`` until the day before ``leave``."""

    enter: date
    leave: date | None
    placed: date
    number: int | None  # in millionths

    def counts(self, as_of: date) -> bool:
        """Whether it counts on a date."""
        return self.enter <= as_of and (self.leave is None or as_of < self.leave)


def share(indicator: Indicator, fact: Fact) -> Share | None:
    """Return a record's share in an indicator; None when it never has one."""
    for _, one in shares((indicator,), fact):
        return one
    return None


def longest_window(indicators: Iterable[Indicator]) -> int | None:
    """Return the months after which no record of an item counts any more, by its business date alone.

    None: that depends on what it says, or never comes.
    """
    longest = 0
    for indicator in indicators:
        if indicator.window_months is None or indicator.date_field is not None:
            return None
        longest = max(longest, indicator.window_months)
    return longest


def shares(indicators: Iterable[Indicator], fact: Fact, since: date = date.min) -> Iterator[tuple[Indicator, Share]]:
    """Yield a record's shares in indicators of its item, for those in which it has one after ``since``, or on it."""
    data, told = fact.data, business_date(fact.source_time)
    numbers: dict[str, int | None] = {}
    for indicator in indicators:
        if indicator.where and any(str(data.get(name)) not in values for name, values in indicator.where.items()):
            continue
        placed = told
        if indicator.date_field is not None:
            placed = as_date(data.get(indicator.date_field)) or told
        enter = placed if placed > told else told
        leave = None if indicator.window_months is None else window_end(placed, indicator.window_months)
        if indicator.unless_filled:
            filled = [as_date(value) for name in indicator.unless_filled if (value := data.get(name)) is not None]
            if None in filled:
                continue
            leave = min((day for day in (leave, *filled) if day is not None), default=None)
        if leave is not None and (leave <= enter or leave <= since):
            continue
        number, field = None, indicator.field
        if field is not None:
            if field not in numbers:
                value = data.get(field)
                numbers[field] = None if value is None else millionths(value)
            number = numbers[field]
        if number is None and indicator.aggregate in _NUMBERED:
            continue
        yield indicator, Share(enter, leave, placed, number)


@functools.lru_cache(maxsize=1 << 16)
def window_end(placed: date, months: int) -> date | None:
    """Return the first day whose window of ``months`` no longer holds ``placed``; None beyond the calendar."""
    year, month = divmod(placed.year * 12 + placed.month - 1 + months, 12)
    if year >= MAXYEAR:
        return None
    # From the month's first days on, for months_before may fall on a shorter month's last day.
    day = date(year, month + 1, 1) + timedelta(days=min(placed.day, 28) - 1)
    while months_before(day, months) < placed:
        day += timedelta(days=1)
    return day


class Running:
    """What the shares that count add up to: their number, that of their numbers, the total of these in millionths."""

    __slots__ = ("months", "numbers", "shares", "total")

    def __init__(self, shares: int = 0, numbers: int = 0, total: int = 0, months: dict[int, int] | None = None) -> None:
        self.shares, self.numbers, self.total = shares, numbers, total
        self.months = {} if months is None else months

    def add(self, indicator: Indicator, one: Share, sign: int) -> None:
        """Take a share in (``sign`` 1) or out (-1)."""
        self.shares += sign
        if one.number is not None:
            self.numbers += sign
            self.total += one.number * sign
        if indicator.aggregate == "months":
            month = one.placed.year * 100 + one.placed.month
            held = self.months.get(month, 0) + sign
            if held:
                self.months[month] = held
            else:
                self.months.pop(month, None)

    def as_tuple(self) -> tuple[Any, ...]:
        """Return plain values, from which ``Running(*values)`` makes it again."""
        return self.shares, self.numbers, self.total, self.months


def value(indicator: Indicator, held: Running, top: tuple[date, int | None] | None) -> int | None:
    """Return an indicator's value in millionths; ``top`` is the highest share that counts, where it is ordered."""
    kind = indicator.aggregate
    if kind == "count":
        return held.shares * MILLION
    if kind == "months":
        return len(held.months) * MILLION
    if kind in ORDERED:
        if top is None:
            return None
        day, number = top
        return (day.year * 10_000 + day.month * 100 + day.day) * MILLION if kind == "last_day" else number
    if not held.numbers:
        return None
    return held.total if kind == "sum" else _mean(held.total, held.numbers)


def _mean(total: int, count: int) -> int:
    """Return the quotient, a half to the even neighbour."""
    mean, rest = divmod(total, count)
    return mean + (2 * rest > count or (2 * rest == count and mean % 2))


def sort_key(indicator: Indicator, one: Share) -> bytes:
    """Return bytes that order the shares of an indicator as its aggregate does."""
    day = one.placed.toordinal().to_bytes(4, "big")
    if indicator.aggregate == "last_day":
        return day
    number = ((one.number or 0) + (1 << 127)).to_bytes(16, "big")
    return number + day if indicator.aggregate == "max" else day + number


def from_sort_key(indicator: Indicator, key: bytes) -> tuple[date, int | None]:
    """Return (placed, number in millionths) of a share from its sort key."""
    if indicator.aggregate == "last_day":
        return date.fromordinal(int.from_bytes(key[:4], "big")), None
    number, day = (key[:16], key[16:20]) if indicator.aggregate == "max" else (key[4:20], key[:4])
    return date.fromordinal(int.from_bytes(day, "big")), int.from_bytes(number, "big") - (1 << 127)


def sort_key_size(indicator: Indicator) -> int:
    """Return how many bytes a sort key has."""
    return 4 if indicator.aggregate == "last_day" else 20


def moves(found: Iterable[tuple[Indicator, Share]], after: date) -> set[date]:
    """Return the days after ``after`` on which one of the shares begins or ends to count."""
    days: set[date] = set()
    for _, one in found:
        if one.enter > after:
            days.add(one.enter)
        if one.leave is not None and one.leave > after:
            days.add(one.leave)
    return days
