"""Which indicators say the same of everybody: their rank correlation (Spearman) over the enterprises that have both."""

import math
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from itertools import combinations
from typing import NamedTuple

from rules.indicators.definitions import Indicator

ALIKE = 0.95
"""From this coefficient on, up or down, one of two indicators is said to add nothing."""
FEWEST = 30
"""So many enterprises must have both."""


class Likeness(NamedTuple):
    """Two indicators that order enterprises alike, or the other way round; ``why``: what the definitions say to it."""

    one: str
    other: str
    coefficient: float
    enterprises: int
    why: str


def spearman(pairs: Sequence[tuple[Decimal, Decimal]]) -> float | None:
    """Return the rank correlation of some pairs, equal values with their mean rank; None where one never differs."""
    ranked = [_doubled_ranks([pair[at] for pair in pairs]) for at in (0, 1)]
    size = len(pairs)
    # Doubled ranks have a mean of size + 1: all is exact up to the root.
    centred = [[rank - (size + 1) for rank in own] for own in ranked]
    spread = [sum(rank * rank for rank in own) for own in centred]
    if not all(spread):
        return None
    both = sum(one * other for one, other in zip(*centred, strict=True))
    return float(both / math.sqrt(spread[0] * spread[1]))


def alike(
    indicators: Sequence[Indicator],
    values: Mapping[str, Mapping[str, Decimal]],
    on_pair: Callable[[int], None] = lambda count: None,
) -> list[Likeness]:
    """Return the pairs that are alike, those that nothing is said to first. ``values``: by indicator and enterprise."""
    found: list[Likeness] = []
    for one, other in combinations(indicators, 2):
        on_pair(1)
        mine, others = values.get(one.id, {}), values.get(other.id, {})
        pairs = [(value, others[subject]) for subject, value in mine.items() if subject in others]
        if len(pairs) < FEWEST:
            continue
        coefficient = spearman(pairs)
        if coefficient is not None and abs(coefficient) >= ALIKE:
            why = one.alike.get(other.id) or other.alike.get(one.id) or ""
            found.append(Likeness(one.id, other.id, coefficient, len(pairs), why))
    return sorted(found, key=lambda pair: (bool(pair.why), -abs(pair.coefficient), pair))


def _doubled_ranks(values: Sequence[Decimal]) -> list[int]:
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0] * len(values)
    at = 0
    while at < len(order):
        end = at
        while end + 1 < len(order) and values[order[end + 1]] == values[order[at]]:
            end += 1
        for position in range(at, end + 1):
            ranks[order[position]] = at + end + 2
        at = end + 1
    return ranks
