"""Indicators as tiles: what the shares of a subject come to, month by month or day by day, moved and never recounted.

A record that changes takes its former share out of one tile and puts its present one into one; a day that passes moves
a window over tiles. So the cost is that of what changes, whether a subject has ten records or a hundred thousand. The
result always equals ``rules.indicators.plain`` (law 4).

What only an order of all shares can tell, the next highest number when the highest one goes, a cell keeps by itself as
long as it has few, and asks of an ``Index`` else (``rules.indicators.kept_numbers``).
"""

import marshal
from bisect import bisect_right
from collections.abc import Mapping
from datetime import date
from typing import Any, Protocol

from catalogue.months import month_number, month_of, months_before
from rules.indicators import kept_numbers
from rules.indicators.cells import (
    HIGH,
    LAST,
    LOW,
    NUMBERS,
    PARTS,
    RECORDS,
    SHORT,
    TOTAL,
    Cell,
    Told,
    add,
    lengthen,
    new_cell,
    part_of,
)
from rules.indicators.functions import Memo, Value
from rules.indicators.groups import IndicatorGroup, Use
from rules.indicators.kept_numbers import Entry
from rules.indicators.series import Series
from rules.indicators.shares import Share, ever_share
from rules.indicators.windows import window_end

EVER = -1
"""The cell of an index in which all shares of a series lie, beside their own."""


class Index(Protocol):
    """The numbers of one subject's shares in order, of cells with many, as they are after all changes so far.

    ``part``: of this account alone, where the series has accounts.
    """

    def put(self, series: Series, use: Use, cell: int, part: str | None, entry: Entry, sign: int) -> None:
        """Add an entry (``sign`` 1), or take one away (-1)."""

    def highest(self, series: Series, cell: int, part: str | None) -> int | None:
        """Return the largest number in a cell."""

    def lowest(self, series: Series, cell: int, part: str | None) -> int | None:
        """Return the smallest number in a cell."""

    def last(self, series: Series, cell: int, part: str | None) -> Entry | None:
        """Return the entry of a cell that tells last."""

    def forget(self, series: Series, cell: int) -> None:
        """Forget a cell with all its accounts."""


class Tile:
    """One series of one subject: its cells, and where it is asked for what all shares come to.

    Where a share that went was an extreme, and the index has the others, the cell is ``stale`` until ``settle`` asks:
    once, however many went.
    """

    __slots__ = ("_numbers", "_stale", "cells", "ever", "memo", "series", "use")

    def __init__(
        self, series: Series, use: Use, cells: dict[int, Cell] | None = None, ever: Cell | None = None
    ) -> None:
        self.series, self.use, self.memo = series, use, Memo()
        self.cells = {} if cells is None else cells
        self.ever = new_cell() if ever is None else ever
        self._numbers: list[int] | None = None
        self._stale: set[tuple[int, str | None]] = set()

    @property
    def numbers(self) -> list[int]:
        """The cells that there are, in order."""
        if self._numbers is None:
            self._numbers = sorted(self.cells)
        return self._numbers

    @property
    def newest(self) -> Told | None:
        """Of all shares of a series of days, the one that tells last, where it is asked for."""
        ever = self.ever
        if len(ever) == SHORT or (told := ever[LAST]) is None:
            return None
        cell, order, number = told
        return cell, order, number

    def take(self, share: Share, sign: int, past: int, index: Index) -> None:
        """Put a share in (``sign`` 1) or take it out (-1); cells up to ``past`` no window reaches."""
        at, _, _, number, order, text, is_total, part = share
        use, is_plain = self.use, part is None and text is None and not is_total
        entry = (order, number) if number is not None and use.is_ordered else None
        if use.is_windowed and at > past:
            cells = self.cells
            cell = cells.get(at)
            if cell is None:
                cell = cells[at] = new_cell()
                self._numbers = None
            if entry is not None and sign < 0:
                self._order(cell, at, part, entry, sign, index)
            if is_plain:
                cell[RECORDS] += sign
                if number is not None:
                    cell[NUMBERS] += sign
                    cell[TOTAL] += number * sign
            else:
                add(cell, share, sign)
            if entry is not None and sign > 0:
                self._order(cell, at, part, entry, sign, index)
            if not cell[RECORDS]:
                del cells[at]
                self._numbers = None
        if not use.is_ever or self.series.of_periods:
            return
        ever = self.ever
        if entry is not None and sign < 0:
            self._order(ever, EVER, part, (at, *entry), sign, index)
        if is_plain:
            ever[RECORDS] += sign
            if number is not None:
                ever[NUMBERS] += sign
                ever[TOTAL] += number * sign
        else:
            add(ever, ever_share(share), sign)
        if entry is not None and sign > 0:
            self._order(ever, EVER, part, (at, *entry), sign, index)

    def _order(self, cell: Cell, at: int, part: str | None, entry: Entry, sign: int, index: Index) -> None:
        """Keep the extremes of a cell, or of an account in it."""
        own = lengthen(cell if part is None else cell[PARTS][part])
        if sign > 0:
            for moved in kept_numbers.keep(own, entry):
                index.put(self.series, self.use, at, part, moved, 1)
            return
        if kept_numbers.is_in_index(own):
            index.put(self.series, self.use, at, part, entry, -1)
        if kept_numbers.drop(own, entry):
            self._stale.add((at, part))

    def settle(self, index: Index) -> None:
        """Ask for the extremes that went."""
        series, use = self.series, self.use
        for at, part in self._stale:
            own = part_of(self.ever if at == EVER else self.cells.get(at), part)
            if own is None or not kept_numbers.is_in_index(own):
                continue
            high, low, last = own[HIGH], own[LOW], None
            if use.has_extremes:
                high, low = index.highest(series, at, part), index.lowest(series, at, part)
            if use.has_told:
                last = index.last(series, at, part)
            kept_numbers.settle(own, high, low, last)
        self._stale.clear()

    def drop_past(self, past: int, index: Index) -> None:
        """Forget the cells up to ``past``, that no window reaches any more."""
        numbers = self.numbers
        if not numbers or numbers[0] > past:
            return
        at = bisect_right(numbers, past)
        for number in numbers[:at]:
            if _has_indexed(self.cells.pop(number)):
                index.forget(self.series, number)
        self._numbers = numbers[at:]

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
        return self.cells, self.ever


class Tiles:
    """The tiles of one subject's group, as of a date. ``due``: the day for which the group is noted to be looked at.

    Series without a share have none.
    """

    __slots__ = ("_tiles", "as_of", "due", "group")

    def __init__(
        self, group: IndicatorGroup, as_of: date, due: date | None = None, packed: Mapping[str, Any] | None = None
    ) -> None:
        self.group, self.as_of, self.due = group, as_of, due
        self._tiles: dict[str, Tile] = {}
        for name, (cells, ever) in ({} if packed is None else packed).items():
            self._tiles[name] = Tile(group.named[name], group.uses[name], cells, ever)

    def of(self, series: Series) -> Tile:
        """Return the tile of a series of the group."""
        tile = self._tiles.get(series.id)
        if tile is None:
            tile = self._tiles[series.id] = Tile(series, self.group.uses[series.id])
        return tile

    def settle(self, index: Index) -> None:
        """Ask the index for the extremes that went: before values are told, and before all is kept."""
        for tile in self._tiles.values():
            tile.settle(index)

    def atom_values(self, as_of: date) -> dict[str, Value]:
        """Return what the group's atoms come to on a day up to which the tiles are moved."""
        return self.group.atom_values(self._tiles, as_of)

    def next_due(self) -> date | None:
        """Return the next day on which a value may change although no record does."""
        return min((day for tile in self._tiles.values() if (day := tile.due(self.as_of)) is not None), default=None)

    def pack(self, index: Index) -> bytes:
        """Return them as the store keeps them; what no window reaches any more is forgotten."""
        past = self.group.past(self.as_of)
        for name, tile in self._tiles.items():
            tile.drop_past(past[name], index)
        tuples = {name: tile.packed() for name, tile in self._tiles.items() if tile.cells or tile.ever[RECORDS]}
        due = None if self.due is None else self.due.toordinal()
        return marshal.dumps((self.as_of.toordinal(), due, tuples))


def unpack(group: IndicatorGroup, raw: bytes) -> Tiles:
    """Return tiles as ``pack`` wrote them."""
    as_of, due, tuples = marshal.loads(raw)
    return Tiles(group, date.fromordinal(as_of), None if due is None else date.fromordinal(due), tuples)


def _has_indexed(cell: Cell) -> bool:
    """Whether the numbers of a cell, or of an account in it, lie in the index."""
    if len(cell) == SHORT:
        return False
    parts = cell[PARTS] or {}
    return any(len(own) > SHORT and kept_numbers.is_in_index(own) for own in (cell, *parts.values()))
