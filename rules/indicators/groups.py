"""The indicators of one item together: they look at the same records and are computed at once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from catalogue.months import months_before
from rules.indicators.definitions import Indicator
from rules.indicators.expressions import MOST_MONTHS, Atom, boundaries
from rules.indicators.facts import Fact
from rules.indicators.series import Series, cell_for

_EXTREMES = frozenset({"max", "min"})


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


@dataclass(frozen=True)
class IndicatorGroup:
    """The indicators of an item, and the series that they look at."""

    item: str
    indicators: tuple[Indicator, ...]

    @cached_property
    def series(self) -> tuple[Series, ...]:
        """The series, each once, in the order of their names."""
        found = {one.series.id: one.series for one in self.atoms}
        return tuple(found[name] for name in sorted(found))

    @cached_property
    def atoms(self) -> tuple[Atom, ...]:
        """What all of the indicators are calculated from."""
        return tuple(dict.fromkeys(atom for one in self.indicators for atom in one.expression.atoms))

    @cached_property
    def uses(self) -> Mapping[str, Use]:
        """What is asked of each series, by its id."""
        bounds = boundaries(self.atoms)
        return {one.id: self._use(one, bounds[one.id]) for one in self.series}

    def _use(self, series: Series, bounds: frozenset[int]) -> Use:
        own = [atom for atom in self.atoms if atom.series.id == series.id]
        is_ever, asked = any(atom.months is None for atom in own), {atom.function for atom in own}
        return Use(
            is_windowed=series.of_periods or any(atom.months is not None for atom in own),
            is_ever=is_ever,
            # Of periods they are told by what each month comes to.
            has_extremes=series.within == "max" if series.of_periods else not _EXTREMES.isdisjoint(asked),
            has_told=series.within == "last" if series.of_periods else "last" in asked,
            reach=None if series.of_periods and is_ever else max(bounds, default=MOST_MONTHS),
            bounds=bounds,
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
        return all(is_before(one, self.uses[one.id].reach, cell_for(one, fact), since) for one in self.series)

    @cached_property
    def reads(self) -> frozenset[str]:
        """The fields of the payload that the indicators look at."""
        return frozenset(name for one in self.series for name in one.reads())


def is_before(series: Series, reach: int | None, cell: int, day: date) -> bool:
    """Whether a cell lies before every window that begins at most so many months before a day."""
    if reach is None:
        return False
    if series.closing is not None:
        # The oldest window ends with the last closed period, which is some months back itself.
        return cell <= series.closing.closed(day) - reach
    return cell <= months_before(day, reach).toordinal()


Groups = Mapping[str, IndicatorGroup]
"""By the item."""


def groups_of(indicators: Iterable[Indicator]) -> Groups:
    """Return the indicators by their item, in the order of their definitions."""
    found: dict[str, list[Indicator]] = {}
    for one in indicators:
        found.setdefault(one.item, []).append(one)
    return {item: IndicatorGroup(item, tuple(own)) for item, own in found.items()}
