"""Cells of a reference: how the scores of the enterprises of one sector and size, or of a wider circle, are spread."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

ALL = ""
"""In place of a sector or a size: all of them."""
LEAST_PEERS = 30
"""A cell of fewer enterprises says little of where one stands, and much of each of them: the wider one is taken."""
PERCENTS = range(1, 100)

Spread = Mapping[int, int]
"""How many have each score."""
Peers = Mapping[tuple[str, str], Spread]
"""The spread of each sector and size; a sector may be unknown (empty), and a size is one of ``ALL_SIZES``."""


class Cell(NamedTuple):
    """``quantiles``: for each percent from 1 to 99 the least score that so many have, or less."""

    sector: str
    size: str
    enterprises: int
    quantiles: tuple[int, ...]

    def percentile(self, score: int) -> int:
        """Return of how many percent of the cell's enterprises the score is higher: whole, rounded down, at most 99."""
        return bisect_left(self.quantiles, score)


def cells_of(peers: Peers) -> tuple[Cell, ...]:
    """Return the cells with enough enterprises, in order: each sector and size, each sector, and all together.

    Whoever's sector is unknown is in the last one alone.
    """
    spreads: dict[tuple[str, str], Counter[int]] = {}
    for (sector, size), spread in peers.items():
        for circle in {(sector, size), (sector, ALL)} if sector else ():
            spreads.setdefault(circle, Counter()).update(spread)
        spreads.setdefault((ALL, ALL), Counter()).update(spread)
    return tuple(
        Cell(sector, size, spread.total(), _quantiles(spread))
        for (sector, size), spread in sorted(spreads.items())
        if spread.total() >= LEAST_PEERS
    )


def cell_of(cells: Iterable[Cell], sector: str, size: str) -> Cell | None:
    """Return the narrowest cell of an enterprise: sector and size, else the sector, else all; None: none is enough."""
    found = {(one.sector, one.size): one for one in cells}
    circles = ((sector, size), (sector, ALL), (ALL, ALL)) if sector else ((ALL, ALL),)
    return next((found[circle] for circle in circles if circle in found), None)


def _quantiles(spread: Spread) -> tuple[int, ...]:
    total, found, below = sum(spread.values()), [], 0
    percents = iter(PERCENTS)
    percent = next(percents)
    for score, count in sorted(spread.items()):
        below += count
        while below * 100 >= percent * total:
            found.append(score)
            following = next(percents, None)
            if following is None:
                return tuple(found)
            percent = following
    return tuple(found)
