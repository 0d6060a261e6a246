"""Shares: what a record adds to series.

A record has one share in a series, none, or one for each month that its details tell. A share lies in a *cell*, a month
(``catalogue.months``) or a day (its proleptic Gregorian ordinal), and counts from one day until another.
"""

import functools
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from catalogue.model import FieldType
from catalogue.months import last_day, month_number, month_of
from catalogue.periods import period_end
from rules.indicators.facts import MILLION, Fact, as_date, day_number, millionths
from rules.indicators.series import THE_DAY, THE_PERIOD, Series

# What a department writes in the column of kinds of a row that is the total of the others.
TOTALS = frozenset({"", "合计", "总计", "小计", "全部", "各税合计", "各险种合计"})
# How many months a statement covers that is a part of a longer period.
_QUARTER = 3
_PARTS_OF = {_QUARTER: (1,), 12: (1, _QUARTER)}
_DAY = timedelta(days=1)
NEVER = date.min
"""From this day on counts no more what counts on no day."""


class Share(NamedTuple):
    """What one record adds to one series. It counts from ``enter`` to the day before ``leave``."""

    cell: int
    enter: date
    leave: date | None  # None: it never ceases to count
    number: int | None  # in millionths
    order: int  # of the record's source time, in microseconds: of two shares in one cell the later one tells
    text: str | None = None
    is_total: bool = False  # of all kinds of its month, beside which rows of single kinds may lie
    part: str | None = None  # whose it is of those that are added up in a month, such as an account

    def counts(self, as_of: date) -> bool:
        """Whether the share counts on a date."""
        return self.enter <= as_of and (self.leave is None or as_of < self.leave)


def ever_share(share: Share) -> Share:
    """Return what a share adds to what all come to: its number, but no text, which windows alone tell apart."""
    return share if share.text is None else share._replace(text=None)


class Place(NamedTuple):
    """Where a record lies in a series, and from when until when: the same for all series of one ``Series.placing``."""

    cell: int
    enter: date
    leave: date | None
    placed: date | None  # None: the month says it all
    is_total: bool
    part: str | None


def shares(series: Series, fact: Fact) -> list[Share]:
    """Return the shares of a record in a series; it may have none on any day."""
    leave = leave_of(series, fact)
    if leave is NEVER or not all(condition.holds(fact.data) for condition in series.public_when):
        return []
    if series.details is not None:
        return _of_details(series, fact, leave)
    place = place_of(series, fact.data, fact, leave)
    if place is None:
        return []
    number, text = valued(series, fact.data, place.placed, place.cell)
    if series.ranks and number is None:
        return []
    return [Share(place.cell, place.enter, place.leave, number, fact.order, text, place.is_total, place.part)]


def leave_of(series: Series, fact: Fact) -> date | None:
    """Return the day from which on a record no longer counts; ``NEVER``: it counts on none."""
    leave: date | None = None
    for name in series.ends:
        value = fact.data.get(name)
        if value is None:
            continue
        ends = as_date(value)
        if ends is None:
            # Filled with something that is no date.
            return NEVER
        if name in series.through:
            if ends == date.max:
                continue
            ends += _DAY
        leave = ends if leave is None else min(leave, ends)
    return NEVER if leave is not None and leave <= fact.effective else leave


def place_of(series: Series, data: Mapping[str, Any], fact: Fact, leave: date | None) -> Place | None:
    """Return where a record, or a row of its details, lies; None: nowhere."""
    if series.where is not None and not series.where.holds(data):
        return None
    closing, effective = series.closing, fact.effective
    placed: date | None
    if series.is_in_months_by_itself and fact.period is not None:
        assert closing is not None, "months have a closing"
        # Most records that there are: no day of theirs is asked for.
        cell, enter, placed = cell_of(closing.every, fact.period), effective, None
    else:
        placed = placed_on(series, data, fact)
        if placed is None:
            return None
        cell = cell_in(series, placed)
        enter = effective if closing is not None or placed < effective else placed
    if leave is not None and leave <= enter:
        return None
    part = None if series.by is None else _account(series, data, fact)
    is_total = series.totals is not None and str(data.get(series.totals) or "").strip() in TOTALS
    if series.since is not None and closing is not None:
        begins = as_date(data.get(series.since))
        ends = _month_of(fact, placed)
        covered = None if begins is None else ends - month_number(begins) + 1
        if covered not in (None, closing.every, *_PARTS_OF.get(closing.every, ())):
            return None
        is_total = covered in (closing.every, _QUARTER)
        if closing.every > _QUARTER and covered != closing.every:
            # A year is the sum of its quarters, each as it or its months tell it.
            part = str(ends // _QUARTER)
    return Place(cell, enter, leave, placed, is_total, part)


def _account(series: Series, data: Mapping[str, Any], fact: Fact) -> str:
    """Return whose a number is of those that are added up in a month."""
    return str((fact.period if series.by == THE_PERIOD else data.get(series.by or "")) or "")


def _month_of(fact: Fact, placed: date | None) -> int:
    """Return the last month of what a record covers."""
    return month_number(placed or _end(fact.period or ""))


def cell_for(series: Series, fact: Fact) -> int:
    """Return the cell of a record where its payload need not be asked: of a series without a date field and details."""
    if series.closing is not None and fact.period is not None:
        return cell_of(series.closing.every, fact.period)
    return cell_in(series, fact.effective)


def cell_in(series: Series, placed: date) -> int:
    """Return the cell of a day."""
    if series.closing is None:
        return placed.toordinal()
    month = month_number(placed)
    # A period of several months is known by its last one.
    return month + -(month + 1) % series.closing.every


def _of_details(series: Series, fact: Fact, leave: date | None) -> list[Share]:
    """Return a share for each month that the rows tell: what several rows of one month say is added up."""
    found: dict[int, Share] = {}
    part = None if series.by is None else _account(series, fact.data, fact)
    for row in fact.data.get(series.details or "") or ():
        place = place_of(series, row, fact, leave)
        if place is None:
            continue
        number, _ = valued(series, row, place.placed, place.cell)
        known = found.get(place.cell)
        if known is not None and known.number is not None:
            number = known.number + (number or 0)
        found[place.cell] = Share(place.cell, place.enter, place.leave, number, fact.order, None, False, part)
    return list(found.values())


def placed_on(series: Series, data: Mapping[str, Any], fact: Fact) -> date | None:
    """Return the day that a record lies on, or in whose month; None: a row of details that says no month."""
    if series.date_field is None:
        if series.of_periods and fact.period is not None:
            return _end(fact.period)
        return fact.effective
    value = data.get(series.date_field)
    if isinstance(value, str):
        try:
            return _end(value)
        except ValueError:
            value = None
    named = as_date(value)
    if named is None and series.details is not None:
        return None
    return named or fact.effective


@functools.lru_cache(maxsize=1 << 12)
def _end(period: str) -> date:
    return period_end(period)


@functools.lru_cache(maxsize=1 << 12)
def cell_of(every: int, period: str) -> int:
    """Return the cell of a period, of those with so many months."""
    month = month_number(period_end(period))
    return month + -(month + 1) % every


def valued(series: Series, data: Mapping[str, Any], placed: date | None, cell: int) -> tuple[int | None, str | None]:
    """Return the number, in millionths, or the text that a record or a row brings."""
    if series.value is None:
        return None, None
    if series.value == THE_DAY:
        return day_number(placed or last_day(*month_of(cell))) * MILLION, None
    value = data.get(series.value)
    if value is None or value == "":
        return None, None
    if type(value) is Decimal:
        return millionths(value), None
    if series.ranks:
        return series.rank_of.get(str(value).strip()), None
    if series.is_of_texts:
        return None, str(value)
    if series.value_type in (FieldType.DATE, FieldType.TIMESTAMP):
        named = as_date(value)
        if named is None:
            raise TypeError(f"{value!r} is no day")
        return day_number(named) * MILLION, None
    return millionths(value), None
