"""The indicators that are computed at once: those of one item look at the same records, those over several at what the
items' series come to."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import NamedTuple

from catalogue.months import months_before
from rules.indicators.cells import Cell, Told, new_cell
from rules.indicators.compiled_shares import SharesOf, compile_shares
from rules.indicators.definitions import CROSS, Indicator
from rules.indicators.expressions import MOST_MONTHS, Atom, AtomValues, boundaries
from rules.indicators.facts import Fact
from rules.indicators.functions import FUNCTIONS, CellWindow, Function, Memo, SeriesView, Value
from rules.indicators.series import Series
from rules.indicators.shares import cell_for

_EXTREMES = frozenset({"max", "min"})
_DAYS = 8


@dataclass(frozen=True, slots=True)
class Use:
    """What the indicators of a group ask of one series, so that no more of it is kept."""

    is_windowed: bool
    """Whether single cells are asked for, beside what all come to."""
    is_ever: bool
    has_extremes: bool
    has_told: bool
    """Whether the newest is asked for."""
    reach: int | None
    """How many months back the furthest window begins; None: without end."""
    bounds: frozenset[int]
    """How many months back windows begin or end."""
    is_ordered: bool
    """Whether its numbers are kept in order, for what the highest, lowest or newest one leaves behind."""


@dataclass(frozen=True)
class IndicatorGroup:
    """The indicators of an item, the series that they look at, and those that are looked at together with other items.

    ``inputs``: what the indicators over several items are calculated from, of this item.
    """

    item: str
    indicators: tuple[Indicator, ...]
    inputs: tuple[Atom, ...] = ()

    @cached_property
    def series(self) -> tuple[Series, ...]:
        """The series, each once, in the order of their names."""
        found = {one.series.id: one.series for one in self.atoms}
        return tuple(found[name] for name in sorted(found))

    @cached_property
    def atoms(self) -> tuple[Atom, ...]:
        """What all of the indicators are calculated from, each once."""
        own = (atom for one in self.indicators for atom in one.expression.atoms)
        return tuple(dict.fromkeys((*own, *self.inputs)))

    @cached_property
    def shares(self) -> SharesOf:
        """What gives the shares of a record in the series."""
        return compile_shares(self.series)

    @cached_property
    def named(self) -> Mapping[str, Series]:
        """The series by their ids."""
        return {one.id: one for one in self.series}

    def atom_values(self, views: Mapping[str, SeriesView], day: date) -> dict[str, Value]:
        """Return what the atoms come to on a day; ``views``: by the series' ids, of those that have a share."""
        asked = self._asked(day)
        found = dict(asked.absent)
        for name, view in views.items():
            view.memo.clear()
            for key, function, window in asked.by_series[name]:
                found[key] = function(view, window)
        return found

    def values(self, of_atoms: AtomValues) -> dict[str, int | None]:
        """Return the values of the indicators in millionths."""
        return {one.id: one.rounded(one.expression.value(of_atoms)) for one in self.indicators}

    def _asked(self, day: date) -> "_Asked":
        # All subjects are asked on one day, or on two of them where one is ahead.
        if day not in self._by_day:
            if len(self._by_day) > _DAYS:
                self._by_day.clear()
            self._by_day[day] = _Asked.on(day, self.atoms)
        return self._by_day[day]

    @cached_property
    def _by_day(self) -> "dict[date, _Asked]":
        return {}

    def past(self, day: date) -> Mapping[str, int]:
        """Return by series the newest cell that lies before all windows of a day and later; -1: none does."""
        if day not in self._past:
            if len(self._past) > _DAYS:
                self._past.clear()
            self._past[day] = {one.id: newest_past(one, self.uses[one.id].reach, day) for one in self.series}
        return self._past[day]

    @cached_property
    def _past(self) -> dict[date, Mapping[str, int]]:
        return {}

    @cached_property
    def uses(self) -> Mapping[str, Use]:
        """What is asked of each series, by its id."""
        bounds = boundaries(self.atoms)
        return {one.id: self._use(one, bounds[one.key]) for one in self.series}

    def _use(self, series: Series, bounds: frozenset[int]) -> Use:
        own = [atom for atom in self.atoms if atom.series.id == series.id]
        is_ever, asked = any(atom.months is None for atom in own), {atom.function for atom in own}
        # Of periods they are told by what each month comes to.
        has_extremes = series.within == "max" if series.of_periods else not _EXTREMES.isdisjoint(asked)
        has_told = series.within == "last" if series.of_periods else "last" in asked
        return Use(
            is_windowed=series.of_periods or any(atom.months is not None for atom in own),
            is_ever=is_ever,
            has_extremes=has_extremes,
            has_told=has_told,
            reach=None if series.of_periods and is_ever else max(bounds, default=MOST_MONTHS),
            bounds=bounds,
            is_ordered=has_extremes or has_told,
        )

    @cached_property
    def _by_envelope(self) -> bool:
        """Whether the envelope alone says where records lie, and no window reaches back without end."""
        return all(
            one.date_field is None and one.details is None and not self.uses[one.id].is_ever for one in self.series
        )

    def is_past(self, source_time: datetime, period: str | None, since: date) -> bool:
        """Whether a record lies before all windows of ``since`` and later: its payload tells nothing then.

        False where only the payload can say so.
        """
        if not self._by_envelope:
            return False
        fact = Fact(source_time, {}, period)
        past = self.past(since)
        return all(cell_for(one, fact) <= past[one.id] for one in self.series)

    @cached_property
    def reads(self) -> frozenset[str]:
        """The fields of the payload that the indicators look at."""
        return frozenset(name for one in self.series for name in one.reads())


class _Asked(NamedTuple):
    """The functions of atoms and their windows on some day, and what they come to where a series has no share."""

    by_series: Mapping[str, Sequence[tuple[str, Function, CellWindow]]]
    absent: Mapping[str, Value]

    @classmethod
    def on(cls, day: date, atoms: Iterable[Atom]) -> "_Asked":
        """Return what is asked on a day."""
        by_series: dict[str, list[tuple[str, Function, CellWindow]]] = {}
        absent: dict[str, Value] = {}
        for one in atoms:
            function, window = FUNCTIONS[one.function], one.window(day)
            by_series.setdefault(one.series.id, []).append((one.key, function, window))
            absent[one.key] = function(_NoShares(one.series), window)
        return cls(by_series, absent)


def newest_past(series: Series, reach: int | None, day: date) -> int:
    """Return the newest cell that lies before every window that begins at most so many months before a day; -1: none.

    ``reach`` None: a window has no beginning.
    """
    if reach is None:
        return -1
    if series.closing is not None:
        # The oldest window ends with the last closed period, which is some months back itself.
        return series.closing.closed(day) - reach
    return months_before(day, reach).toordinal()


@dataclass(frozen=True)
class CrossGroup:
    """The indicators over several items. They are calculated from what the items' groups say, and from no record."""

    indicators: tuple[Indicator, ...]

    @cached_property
    def inputs(self) -> tuple[Atom, ...]:
        """What they are calculated from, each once."""
        return tuple(dict.fromkeys(atom for one in self.indicators for atom in one.expression.atoms))

    @cached_property
    def items(self) -> frozenset[str]:
        """The items that they look at."""
        return frozenset(one.series.item for one in self.inputs)

    @cached_property
    def absent(self) -> Mapping[str, Value]:
        """What the inputs of an item come to of which there is no record, by their keys: the same on every day."""
        return _Asked.on(date(2000, 1, 1), self.inputs).absent

    def of(self, item: str) -> tuple[str, ...]:
        """Return the keys of the inputs of an item."""
        return self._by_item.get(item, ())

    def values(self, of_atoms: AtomValues, moved: Collection[str] | None = None) -> dict[str, int | None]:
        """Return the values in millionths; ``moved``: of those alone that rest on one of these inputs."""
        return {
            one.id: one.rounded(one.expression.value(of_atoms))
            for one, keys in self._keys
            if moved is None or not keys.isdisjoint(moved)
        }

    @cached_property
    def _keys(self) -> list[tuple[Indicator, frozenset[str]]]:
        return [(one, frozenset(atom.key for atom in one.expression.atoms)) for one in self.indicators]

    @cached_property
    def _by_item(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for one in self.inputs:
            found[one.series.item] = (*found.get(one.series.item, ()), one.key)
        return found


class _NoShares:
    """A series of which there is no share."""

    def __init__(self, series: Series) -> None:
        self.series = series
        self.numbers: Sequence[int] = ()
        self.cells: Mapping[int, Cell] = {}
        self.ever = new_cell()
        self.newest: Told | None = None
        self.memo = Memo()


@dataclass(frozen=True)
class Groups:
    """The groups of indicators that are computed together: one for each item, and one over several items."""

    by_item: Mapping[str, IndicatorGroup]
    cross: CrossGroup

    def indicators(self) -> Mapping[str, tuple[Indicator, ...]]:
        """Return the indicators by the groups' names."""
        return {**{item: group.indicators for item, group in self.by_item.items()}, CROSS: self.cross.indicators}

    def names(self) -> frozenset[str]:
        """Return the names of the groups that have values."""
        return frozenset(name for name, own in self.indicators().items() if own)


def groups_of(indicators: Iterable[Indicator]) -> Groups:
    """Return the indicators in their groups, in the order of their definitions."""
    own: dict[str, list[Indicator]] = {}
    for one in indicators:
        own.setdefault(one.group, []).append(one)
    cross = CrossGroup(tuple(own.pop(CROSS, ())))
    inputs: dict[str, list[Atom]] = {}
    for atom in cross.inputs:
        inputs.setdefault(atom.series.item, []).append(atom)
    items = dict.fromkeys((*own, *inputs))
    groups = {one: IndicatorGroup(one, tuple(own.get(one, ())), tuple(inputs.get(one, ()))) for one in items}
    return Groups(groups, cross)
