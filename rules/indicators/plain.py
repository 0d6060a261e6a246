"""The plain definition: an indicator's value on a day, from all live records of its item, gone through each time.

``rules.indicators.tiles`` is the quick way to the same values; Hypothesis holds the two equal. Records effective after
the day do not count (law 4).
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from rules.indicators.cells import Cell, Told, add, new_cell, stretch
from rules.indicators.definitions import Indicator
from rules.indicators.expressions import Views
from rules.indicators.facts import Fact, from_millionths
from rules.indicators.groups import IndicatorGroup
from rules.indicators.series import Series, ever_share, shares


class PlainView:
    """A series of one subject as of a day, made of all its records."""

    def __init__(self, series: Series, facts: Iterable[Fact], as_of: date) -> None:
        self.series = series
        self.cells: dict[int, Cell] = {}
        self.ever = new_cell()
        told: list[Told] = []
        for fact in facts:
            for share in shares(series, fact):
                if not share.counts(as_of):
                    continue
                # What all shares say as texts nobody asks.
                own_cell = self.cells.setdefault(share.cell, new_cell())
                for cell, own in ((own_cell, share), (self.ever, ever_share(share))):
                    add(cell, own, 1)
                    stretch(cell, own)
                if share.number is not None:
                    told.append((share.cell, share.order, share.number))
        self.numbers = sorted(self.cells)
        self.newest = max(told, default=None)


def plain_views(group: IndicatorGroup, facts: Iterable[Fact], as_of: date) -> Views:
    """Return each series that the group's indicators look at."""
    held = list(facts)
    return {one.id: PlainView(one, held, as_of) for one in group.series}


def plain_values(group: IndicatorGroup, facts: Iterable[Fact], as_of: date) -> dict[str, Decimal | None]:
    """Return the group's values on a day with six decimals; the order of ``facts`` does not matter."""
    views = plain_views(group, facts, as_of)
    return {one.id: _value(one, views, as_of) for one in group.indicators}


def evaluate(indicator: Indicator, facts: Iterable[Fact], as_of: date) -> Decimal | None:
    """Return one indicator's value on a day, as ``plain_values`` does."""
    return plain_values(IndicatorGroup(indicator.item, (indicator,)), facts, as_of)[indicator.id]


def _value(indicator: Indicator, views: Views, as_of: date) -> Decimal | None:
    found = indicator.rounded(indicator.expression.value(views, as_of))
    return None if found is None else from_millionths(found)
