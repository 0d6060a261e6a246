"""Indicators as tiles: what the shares of a subject come to, month by month or day by day, moved and never recounted.

A record that changes takes its former share out of one tile and puts its present one into one; a day that passes moves
a window over tiles. So the cost is that of what changes, whether a subject has ten records or a hundred thousand. The
result always equals ``rules.indicators.plain`` (law 4).

What only an order of all shares can tell, the next highest number when the highest one goes, is asked of an ``Index``.
"""

import marshal
from bisect import bisect_right, insort
from collections.abc import Iterable
from datetime import date
from typing import Any, Protocol

from catalogue.months import month_number, month_of, months_before
from rules.indicators.cells import HIGH, LAST, LOW, RECORDS, Cell, Told, add, extremes, new_cell, part_of, stretch
from rules.indicators.functions import Memo, Value
from rules.indicators.groups import IndicatorGroup, Use
from rules.indicators.series import Series
from rules.indicators.shares import Share, ever_share
from rules.indicators.windows import window_end

EVER = -1
"""The cell of an index in which all shares of a series lie, beside their own."""


class Index(Protocol):
    """The numbers of one subject's shares in order, as they are after all changes so far.

    ``part``: of this account alone, where the series has accounts.
    """

    def highest(self, series: Series, cell: int, part: str | None) -> int | None:
        """Return the largest number in a cell."""

    def lowest(self, series: Series, cell: int, part: str | None) -> int | None:
        """Return the smallest number in a cell."""

    def last(self, series: Series, cell: int | None, part: str | None) -> Told | None:
        """Return the newest share with a number in a cell; None: of all."""


class Tile:
    """One series of one subject: its cells, and where it is asked for what all shares come to.

    Where a share that went was an extreme, the cell is ``stale`` until ``settle`` asks the index: once, however many
    went.
    """

    __slots__ = ("_stale", "_stale_newest", "cells", "ever", "memo", "newest", "numbers", "series", "use")

    def __init__(
        self,
        series: Series,
        use: Use,
        cells: dict[int, Cell] | None = None,
        ever: Cell | None = None,
        newest: Told | None = None,
    ) -> None:
        self.series, self.use, self.memo = series, use, Memo()
        self.cells = {} if cells is None else cells
        self.numbers = sorted(self.cells)
        self.ever = new_cell() if ever is None else ever
        self.newest = newest
        self._stale: set[tuple[int, str | None]] = set()
        self._stale_newest = False

    def take(self, share: Share, sign: int, past: int) -> None:
        """Put a share in (``sign`` 1) or take it out (-1); cells up to ``past`` no window reaches."""
        number, use = share.cell, self.use
        if use.is_windowed and number > past:
            cell = self.cells.get(number)
            if cell is None:
                cell = self.cells[number] = new_cell()
                insort(self.numbers, number)
            add(cell, share, sign)
            if cell[RECORDS]:
                self._stretch(cell, number, share, sign)
            else:
                del self.cells[number]
                del self.numbers[bisect_right(self.numbers, number) - 1]
        if self.series.of_periods or not use.is_ever:
            return
        add(self.ever, ever_share(share), sign)
        self._stretch(self.ever, EVER, share, sign)
        if use.has_told and share.number is not None:
            told = (share.cell, share.order, share.number)
            if sign < 0:
                self._stale_newest |= told == self.newest
            elif self.newest is None or told > self.newest:
                self.newest = told

    def _stretch(self, cell: Cell, number: int, share: Share, sign: int) -> None:
        """Keep the extremes of a cell; they are asked for again only where the share that went was one of them."""
        if share.number is None or not self.use.is_ordered:
            return
        if sign > 0:
            stretch(cell, share)
            return
        own = part_of(cell, share.part)
        if own is None:
            return
        high, low, last = extremes(own)
        if share.number in (high, low) or (share.order, share.number) == last:
            self._stale.add((number, share.part))

    def settle(self, index: Index) -> None:
        """Ask for the extremes that went."""
        for number, part in self._stale:
            own = part_of(self.ever if number == EVER else self.cells.get(number), part)
            if own is None:
                continue
            if self.use.has_extremes:
                own[HIGH], own[LOW] = (ask(self.series, number, part) for ask in (index.highest, index.lowest))
            if self.use.has_told and number != EVER:
                told = index.last(self.series, number, part)
                own[LAST] = None if told is None else told[1:]
        if self._stale_newest:
            self.newest = index.last(self.series, None, None)
        self._stale, self._stale_newest = set(), False

    def drop_past(self, past: int) -> None:
        """Forget the cells up to ``past``, that no window reaches any more."""
        while self.numbers and self.numbers[0] <= past:
            del self.cells[self.numbers.pop(0)]

    def due(self, as_of: date) -> date | None:
        """Return the next day on which a value may change although no record does; None: never."""
        if not self.numbers:
            return None
        closing = self.series.closing
        if closing is not None:
            closed, this_month = closing.closed(as_of), month_number(as_of)
            days: list[date] = []
            # Whenever a period is closed all windows move, as long as one of them can hold anything.
            if self.numbers[-1] > closed - max(self.use.bounds, default=0):
                days.append(closing.closes_on(closed + closing.every))
            if self.numbers[-1] > this_month:
                days.append(date(*month_of(self.numbers[bisect_right(self.numbers, this_month)]), 1))
            return min(days, default=None)
        ends: list[date] = []
        for months in self.use.bounds:
            at = bisect_right(self.numbers, months_before(as_of, months).toordinal())
            if at < len(self.numbers):
                end = window_end(date.fromordinal(self.numbers[at]), months)
                if end is not None:
                    ends.append(end)
        return min(ends, default=None)

    def packed(self) -> tuple[Any, ...]:
        """Return plain values, which a new tile takes again."""
        return self.cells, self.ever, self.newest


class Tiles:
    """The tiles of one subject's group, as of a date. ``due``: the day for which the group is noted to be looked at."""

    __slots__ = ("as_of", "by_series", "due", "group")

    def __init__(
        self, group: IndicatorGroup, as_of: date, due: date | None = None, packed: dict[str, Any] | None = None
    ) -> None:
        self.group, self.as_of, self.due = group, as_of, due
        self.by_series: dict[str, Tile] = {}
        for series in group.series:
            own = (packed or {}).get(series.id)
            cells, ever, newest = ({}, None, None) if own is None else own
            self.by_series[series.id] = Tile(series, group.uses[series.id], cells, ever, newest)

    def settle(self, index: Index) -> None:
        """Ask the index for the extremes that went: before values are told, and before all is kept."""
        for tile in self.by_series.values():
            tile.settle(index)

    def atom_values(self, as_of: date) -> dict[str, Value]:
        """Return what the group's atoms come to on a day up to which the tiles are moved."""
        return self.group.atom_values(self.by_series, as_of)

    def next_due(self) -> date | None:
        """Return the next day on which a value may change although no record does."""
        return min((day for tile in self.by_series.values() if (day := tile.due(self.as_of)) is not None), default=None)

    def pack(self) -> bytes:
        """Return them as the store keeps them."""
        past = self.group.past(self.as_of)
        for name, tile in self.by_series.items():
            tile.drop_past(past[name])
        tuples = {name: tile.packed() for name, tile in self.by_series.items() if tile.cells or tile.ever[RECORDS]}
        due = None if self.due is None else self.due.toordinal()
        return marshal.dumps((self.as_of.toordinal(), due, tuples))


def unpack(group: IndicatorGroup, raw: bytes) -> Tiles:
    """Return tiles as ``pack`` wrote them."""
    as_of, due, tuples = marshal.loads(raw)
    return Tiles(group, date.fromordinal(as_of), None if due is None else date.fromordinal(due), tuples)


def due_dates(of_record: Iterable[tuple[Series, Share]], after: date) -> set[date]:
    """Return the days later than ``after`` on which a share begins or ceases to count, but for windows' ends."""
    days: set[date] = set()
    for _, share in of_record:
        if share.enter > after:
            days.add(share.enter)
        if share.leave is not None and share.leave > after:
            days.add(share.leave)
    return days
