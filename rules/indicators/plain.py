"""The plain definition: an indicator's value on a day, from all live records of its items, gone through each time.

``rules.indicators.tiles`` is the quick way to the same values; Hypothesis holds the two equal. Records effective after
the day do not count (law 4).
"""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal

from rules.indicators.cells import Cell, Told, add, new_cell, stretch
from rules.indicators.definitions import CROSS, Indicator
from rules.indicators.facts import Fact, from_millionths
from rules.indicators.functions import Memo, Value
from rules.indicators.groups import Groups, IndicatorGroup, groups_of
from rules.indicators.series import Series
from rules.indicators.shares import ever_share, shares

Facts = Mapping[str, Iterable[Fact]]
"""The facts of one subject, by the item."""


class PlainView:
    """A series of one subject as of a day, made of all its records."""

    def __init__(self, series: Series, facts: Iterable[Fact], as_of: date) -> None:
        self.series, self.memo = series, Memo()
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


def plain_atoms(group: IndicatorGroup, facts: Iterable[Fact], as_of: date) -> dict[str, Value]:
    """Return what the atoms of an item's group come to on a day; the order of ``facts`` does not matter."""
    held = list(facts)
    return group.atom_values({one.id: PlainView(one, held, as_of) for one in group.series}, as_of)


def plain_values(groups: Groups, facts: Facts, as_of: date) -> dict[str, dict[str, Decimal | None]]:
    """Return the values of each group on a day with six decimals; an item without an entry in ``facts`` has none."""
    atoms = {item: plain_atoms(groups.by_item[item], own, as_of) for item, own in facts.items()}
    found = {item: groups.by_item[item].values(own) for item, own in atoms.items()}
    if not groups.cross.items.isdisjoint(atoms):
        together = {**groups.cross.absent, **{key: value for own in atoms.values() for key, value in own.items()}}
        found[CROSS] = groups.cross.values(together)
    return {
        name: {one: None if value is None else from_millionths(value) for one, value in own.items()}
        for name, own in found.items()
        if own
    }


def evaluate(indicator: Indicator, facts: Facts, as_of: date) -> Decimal | None:
    """Return one indicator's value on a day; ``facts``: by the item, of those that it looks at."""
    groups = groups_of((indicator,))
    held = {item: facts.get(item, ()) for item in indicator.items}
    return plain_values(groups, held, as_of)[indicator.group][indicator.id]
