"""What the functions of an expression make of a series' cells in a window."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple, Protocol

from rules.indicators.cells import NUMBERS, RECORDS, SHORT, TOTAL, Cell, Told, extremes, texts_of, value
from rules.indicators.facts import MILLION
from rules.indicators.series import Series

Value = int | Fraction | None
"""In millionths; a quotient is exact until it is rounded, once, at the end."""


class SeriesView(Protocol):
    """A series of one subject as of a day."""

    @property
    def series(self) -> Series: ...

    @property
    def numbers(self) -> Sequence[int]:
        """The cells that there are, in order."""

    @property
    def cells(self) -> Mapping[int, Cell]:
        """What each of them says."""

    @property
    def ever(self) -> Cell:
        """What all shares that count come to, whenever they lie; kept of series of days alone."""

    @property
    def newest(self) -> Told | None:
        """Of all shares of a series of days, the one that tells last."""

    @property
    def memo(self) -> "Memo":
        """What was looked up in its cells; cleared whenever they may have changed."""


class CellWindow(NamedTuple):
    """The cells after ``low`` up to ``high``; ``closed``: with what a period's window ends, beside ``high``."""

    low: int
    high: int
    is_ever: bool = False


class Memo:
    """Several functions look at one window: its cells, and what they say, are looked up once."""

    __slots__ = ("values", "within")

    def __init__(self) -> None:
        self.within: dict[CellWindow, Sequence[int]] = {}
        self.values: dict[CellWindow, list[int]] = {}

    def clear(self) -> None:
        """Forget it."""
        if self.within:
            self.within, self.values = {}, {}


def within(view: SeriesView, window: CellWindow) -> Sequence[int]:
    """Return the cells of a window in order."""
    found = view.memo.within.get(window)
    if found is None:
        numbers = view.numbers
        found = numbers[bisect_right(numbers, window.low) : bisect_right(numbers, window.high)]
        view.memo.within[window] = found
    return found


def _is_whole(view: SeriesView, window: CellWindow) -> bool:
    return window.is_ever and not view.series.of_periods


def count(view: SeriesView, window: CellWindow) -> Value:
    """Return how many records lie in the window; 0 without any."""
    if _is_whole(view, window):
        return int(view.ever[RECORDS]) * MILLION
    cells, found = view.cells, 0
    for number in within(view, window):
        found += cells[number][RECORDS]
    return found * MILLION


def total(view: SeriesView, window: CellWindow) -> Value:
    """Return the sum of the numbers; None when no record says one."""
    if _is_whole(view, window):
        return value(view.ever, "sum")
    found = values(view, window)
    return sum(found) if found else None


def mean(view: SeriesView, window: CellWindow) -> Value:
    """Return the mean of the months that say a number, each once however many records it has."""
    found = values(view, window)
    return Fraction(sum(found), len(found)) if found else None


def values(view: SeriesView, window: CellWindow) -> list[int]:
    """Return the numbers that the months of a window say, in order."""
    found = view.memo.values.get(window)
    if found is None:
        cells, how = view.cells, view.series.within
        found = []
        for number in within(view, window):
            cell = cells[number]
            if len(cell) == SHORT:
                if cell[NUMBERS]:
                    found.append(cell[TOTAL])
            elif (said := value(cell, how)) is not None:
                found.append(said)
        view.memo.values[window] = found
    return found


def highest(view: SeriesView, window: CellWindow) -> Value:
    """Return the largest number: of a month's value in a series of periods, else of a record's."""
    if view.series.of_periods:
        return max(values(view, window), default=None)
    if _is_whole(view, window):
        return extremes(view.ever)[0]
    return max((high for high, _, _ in _extremes(view, window) if high is not None), default=None)


def lowest(view: SeriesView, window: CellWindow) -> Value:
    """Return the smallest number, as ``highest`` does."""
    if view.series.of_periods:
        return min(values(view, window), default=None)
    if _is_whole(view, window):
        return extremes(view.ever)[1]
    return min((low for _, low, _ in _extremes(view, window) if low is not None), default=None)


def last(view: SeriesView, window: CellWindow) -> Value:
    """Return the number of the newest month that says one, or of the newest record."""
    if view.series.of_periods:
        found = values(view, window)
        return found[-1] if found else None
    if _is_whole(view, window):
        return None if view.newest is None else view.newest[2]
    told = [last for _, _, last in _extremes(view, window) if last is not None]
    return told[-1][1] if told else None


def first(view: SeriesView, window: CellWindow) -> Value:
    """Return the number of the oldest month that says one."""
    found = values(view, window)
    return found[0] if found else None


def distinct(view: SeriesView, window: CellWindow) -> Value:
    """Return how many different texts there are."""
    return len({text for number in within(view, window) for text in texts_of(view.cells[number])}) * MILLION


def months(view: SeriesView, window: CellWindow) -> Value:
    """Return in how many of the window's periods there is a record."""
    return len(within(view, window)) * MILLION


def streak(view: SeriesView, window: CellWindow) -> Value:
    """Return the longest run of periods with a record, without one between them that has none."""
    best = run = 0
    before: int | None = None
    for number in within(view, window):
        run = run + 1 if before is not None and number - before == _step(view) else 1
        best, before = max(best, run), number
    return best * MILLION


def running(view: SeriesView, window: CellWindow) -> Value:
    """Return how many periods in a row, up to the last closed one, have a record."""
    run, wanted = 0, window.high
    for number in reversed(within(view, window)):
        if number != wanted:
            break
        run, wanted = run + 1, wanted - _step(view)
    return run * MILLION


def gaps(view: SeriesView, window: CellWindow) -> Value:
    """Return how many periods have no record, from the first one in the window that has one; None without any."""
    found = within(view, window)
    if not found:
        return None
    return ((window.high - found[0]) // _step(view) + 1 - len(found)) * MILLION


def silent(view: SeriesView, window: CellWindow) -> Value:
    """Return how many of the last periods, up to the last closed one, have no record; all where none has."""
    found = within(view, window)
    return (window.high - (found[-1] if found else window.low)) // _step(view) * MILLION


def trend(view: SeriesView, window: CellWindow) -> Value:
    """Return the slope of the straight line through the values, a period, as a share of their mean (least squares).

    None of fewer than three values, or where their mean is 0.
    """
    cells, how = view.cells, view.series.within
    points = [(n, said) for n in within(view, window) if (said := value(cells[n], how)) is not None]
    if len(points) < 3 or not (all_told := sum(said for _, said in points)):
        return None
    # In whole numbers, and divided once: sums of fractions took ten times as long.
    size, middle = len(points), sum(n for n, _ in points)
    slope = sum((size * n - middle) * said for n, said in points)
    spread = sum((size * n - middle) ** 2 for n, _ in points)
    return Fraction(slope * size * size * _step(view) * MILLION, spread * all_told)


def variation(view: SeriesView, window: CellWindow) -> Value:
    """Return the mean absolute deviation from the mean, as a share of the mean: rational, as a deviation's root is not.

    None of fewer than two values, or where their mean is 0.
    """
    found = values(view, window)
    if len(found) < 2 or not (all_told := sum(found)):
        return None
    size = len(found)
    return Fraction(sum(abs(size * said - all_told) for said in found) * MILLION, size * abs(all_told))


def _extremes(view: SeriesView, window: CellWindow) -> Iterable[tuple[int | None, int | None, tuple[int, ...] | None]]:
    return (extremes(view.cells[number]) for number in within(view, window))


def _step(view: SeriesView) -> int:
    closing = view.series.closing
    assert closing is not None, "the loader lets no series of days come here"
    return closing.every


Function = Callable[[SeriesView, CellWindow], Value]
FUNCTIONS: Mapping[str, Function] = {
    "count": count, "sum": total, "mean": mean, "max": highest, "min": lowest, "last": last, "first": first,
    "distinct": distinct, "months": months, "streak": streak, "running": running, "gaps": gaps, "silent": silent,
    "trend": trend, "variation": variation,
}  # fmt: skip
OF_PERIODS = frozenset({"first", "mean", "months", "streak", "running", "gaps", "silent", "trend", "variation"})
"""Only a series of periods has them."""
WINDOWED = frozenset({"running", "gaps", "silent", "trend", "variation"})
"""What moves with each month that is closed, and so is asked of a window alone."""
OF_NUMBERS = frozenset({"sum", "mean", "max", "min", "last", "first", "trend", "variation"})
"""What needs a number of each record."""
TOLD_AT_ONCE = frozenset({"last", "first"})
"""Levels: what a period says holds as soon as it is told, for no other period's number is missing in it."""
