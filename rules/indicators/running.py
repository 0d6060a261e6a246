"""Indicators as running sums: each record has a share in each indicator of its item, and a share counts for some days.

Nothing else about a record depends on the date. So an indicator changes only when a record changes, or when the
calendar reaches the day on which a share begins or ceases to count. That costs the same whether a subject has ten
records or a hundred thousand. The result always equals ``rules.indicators.definitions.evaluate``, which reads all
records (law 4; a Hypothesis test states it).
"""

import functools
from collections.abc import Iterable, Iterator
from datetime import MAXYEAR, date, timedelta
from typing import Any, NamedTuple

from catalogue.times import business_date
from rules.indicators.definitions import Fact, Indicator, as_date, millionths, months_before

MILLION = 1_000_000
# The value of these aggregates is that of a single share, the highest: they need the shares in order.
ORDERED = frozenset({"max", "latest", "last_day"})
_NUMBERED = frozenset({"max", "latest"})


class Share(NamedTuple):
    """What one record adds to one indicator. It counts from ``enter`` to the day before ``leave``."""

    enter: date
    leave: date | None  # None: it never ceases to count
    placed: date  # the day on which the record lies in the indicator's window
    number: int | None  # in millionths

    def counts(self, as_of: date) -> bool:
        """Whether the share counts on a date."""
        return self.enter <= as_of and (self.leave is None or as_of < self.leave)


def share(indicator: Indicator, fact: Fact) -> Share | None:
    """Return a record's share in an indicator; None when it counts on no day."""
    return next((share for _, share in shares((indicator,), fact)), None)


def longest_window(indicators: Iterable[Indicator]) -> int | None:
    """Return the number of months after which no record of an item counts any more.

    None: a record may always count, or its payload has to be read to know.
    """
    longest = 0
    for indicator in indicators:
        if indicator.window_months is None or indicator.date_field is not None:
            return None
        longest = max(longest, indicator.window_months)
    return longest


def shares(indicators: Iterable[Indicator], fact: Fact, since: date = date.min) -> Iterator[tuple[Indicator, Share]]:
    """Yield (indicator, share) for the indicators of a record's item in which it counts on ``since`` or later."""
    data, effective = fact.data, business_date(fact.source_time)
    numbers: dict[str, int | None] = {}
    for indicator in indicators:
        if indicator.where and any(str(data.get(name)) not in values for name, values in indicator.where.items()):
            continue
        placed = effective
        if indicator.date_field is not None:
            placed = as_date(data.get(indicator.date_field)) or effective
        enter = placed if placed > effective else effective
        leave = None if indicator.window_months is None else window_end(placed, indicator.window_months)
        if indicator.unless_filled:
            filled = [as_date(value) for name in indicator.unless_filled if (value := data.get(name)) is not None]
            if None in filled:
                # Filled with something that is no date: the record never counts.
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
    """Return the first day whose window of ``months`` no longer contains ``placed``; None beyond the year 9998."""
    year, month = divmod(placed.year * 12 + placed.month - 1 + months, 12)
    if year >= MAXYEAR:
        return None
    # months_before may fall on a shorter month's last day, so the day is found by trying, from day 28 at the latest.
    day = date(year, month + 1, 1) + timedelta(days=min(placed.day, 28) - 1)
    while months_before(day, months) < placed:
        day += timedelta(days=1)
    return day


class RunningSum:
    """What the shares that count add up to.

    ``shares``: how many there are; ``numbers``: how many of them have a number; ``total``: the sum of these numbers, in
    millionths; ``months``: how many shares lie in each month (YYYYMM), kept for the aggregate ``months`` alone.
    """

    __slots__ = ("months", "numbers", "shares", "total")

    def __init__(self, shares: int = 0, numbers: int = 0, total: int = 0, months: dict[int, int] | None = None) -> None:
        self.shares, self.numbers, self.total = shares, numbers, total
        self.months = {} if months is None else months

    def add(self, indicator: Indicator, share: Share, sign: int) -> None:
        """Add a share (``sign`` 1) or take it away (-1)."""
        self.shares += sign
        if share.number is not None:
            self.numbers += sign
            self.total += share.number * sign
        if indicator.aggregate == "months":
            month = share.placed.year * 100 + share.placed.month
            count = self.months.get(month, 0) + sign
            if count:
                self.months[month] = count
            else:
                self.months.pop(month, None)

    def as_tuple(self) -> tuple[Any, ...]:
        """Return plain values to be stored; ``RunningSum(*values)`` makes it again."""
        return self.shares, self.numbers, self.total, self.months


def value(indicator: Indicator, sums: RunningSum, top: tuple[date, int | None] | None) -> int | None:
    """Return an indicator's value in millionths, None when it has none.

    ``top``: (placed, number) of the highest share that counts, for an aggregate in ``ORDERED``.
    """
    kind = indicator.aggregate
    if kind == "count":
        return sums.shares * MILLION
    if kind == "months":
        return len(sums.months) * MILLION
    if kind in ORDERED:
        if top is None:
            return None
        day, number = top
        return (day.year * 10_000 + day.month * 100 + day.day) * MILLION if kind == "last_day" else number
    if not sums.numbers:
        return None
    return sums.total if kind == "sum" else _mean(sums.total, sums.numbers)


def _mean(total: int, count: int) -> int:
    """Return the quotient, rounded half even."""
    mean, rest = divmod(total, count)
    return mean + (2 * rest > count or (2 * rest == count and mean % 2))


def sort_key(indicator: Indicator, share: Share) -> bytes:
    """Return bytes that sort the shares of an indicator in the order of its aggregate, the highest last."""
    day = share.placed.toordinal().to_bytes(4, "big")
    if indicator.aggregate == "last_day":
        return day
    # Moved so that negative numbers sort before positive ones.
    number = ((share.number or 0) + (1 << 127)).to_bytes(16, "big")
    return number + day if indicator.aggregate == "max" else day + number


def from_sort_key(indicator: Indicator, key: bytes) -> tuple[date, int | None]:
    """Return (placed, number in millionths) of a share from its sort key."""
    if indicator.aggregate == "last_day":
        return date.fromordinal(int.from_bytes(key[:4], "big")), None
    number, day = (key[:16], key[16:20]) if indicator.aggregate == "max" else (key[4:20], key[:4])
    return date.fromordinal(int.from_bytes(day, "big")), int.from_bytes(number, "big") - (1 << 127)


def sort_key_size(indicator: Indicator) -> int:
    """Return how many bytes the sort keys of an indicator have."""
    return 4 if indicator.aggregate == "last_day" else 20


def due_dates(record_shares: Iterable[tuple[Indicator, Share]], after: date) -> set[date]:
    """Return the days later than ``after`` on which one of the shares begins or ceases to count."""
    days: set[date] = set()
    for _, share in record_shares:
        if share.enter > after:
            days.add(share.enter)
        if share.leave is not None and share.leave > after:
            days.add(share.leave)
    return days
