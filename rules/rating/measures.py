"""What a score is worth: how well it tells bad outcomes from good ones, and how far its spread has moved.

Risks rise with what is feared: of a score, of which more is better, its negative. Intervals are of 95 %, by DeLong,
DeLong and Clarke-Pearson (1988): they hold the observations for independent of each other.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

_Z = 1.96
# A share of nobody would make the index infinite.
_LEAST_SHARE = 0.0001


class Interval(NamedTuple):
    """A number with the bounds of its interval of 95 %."""

    value: float
    low: float
    high: float


class Discrimination(NamedTuple):
    """How well risks tell the bad from the good; ``auc``: how often a bad one has the higher risk of a pair."""

    auc: Interval
    ks: float
    bad: int
    good: int

    @property
    def gini(self) -> float:
        """2 AUC - 1: 0 is worth nothing, 1 is certain."""
        return 2 * self.auc.value - 1


class _Placements(NamedTuple):
    """Of each bad one the share of good ones below it; of each good one the share of bad ones above it."""

    of_bad: list[float]
    of_good: list[float]


def discrimination(risks: Sequence[float], is_bad: Sequence[bool]) -> Discrimination:
    """Return how well risks tell the bad from the good; raises ValueError where one of both kinds is missing."""
    placed = _placements(risks, is_bad)
    mean = sum(placed.of_bad) / len(placed.of_bad)
    spread = _Z * math.sqrt(_variance(placed.of_bad) + _variance(placed.of_good))
    auc = Interval(mean, max(0.0, mean - spread), min(1.0, mean + spread))
    return Discrimination(auc, _ks(risks, is_bad), len(placed.of_bad), len(placed.of_good))


def difference(one: Sequence[float], other: Sequence[float], is_bad: Sequence[bool]) -> Interval:
    """Return by how much the AUC of one is above that of the other, over the same observations."""
    first, second = _placements(one, is_bad), _placements(other, is_bad)
    of_bad = [a - b for a, b in zip(first.of_bad, second.of_bad, strict=True)]
    of_good = [a - b for a, b in zip(first.of_good, second.of_good, strict=True)]
    mean = sum(of_bad) / len(of_bad)
    spread = _Z * math.sqrt(_variance(of_bad) + _variance(of_good))
    return Interval(mean, mean - spread, mean + spread)


def stability(expected: Sequence[int], actual: Sequence[int]) -> float:
    """Return the population stability index (PSI) of two spreads over the same bands, by their counts.

    Below 0.1 nothing has moved, above 0.25 it is another population.
    """
    total = 0.0
    for before, now in zip(expected, actual, strict=True):
        was = max(_LEAST_SHARE, before / max(1, sum(expected)))
        has = max(_LEAST_SHARE, now / max(1, sum(actual)))
        total += (has - was) * math.log(has / was)
    return total


def _placements(risks: Sequence[float], is_bad: Sequence[bool]) -> _Placements:
    bad = sorted(risk for risk, one in zip(risks, is_bad, strict=True) if one)
    good = sorted(risk for risk, one in zip(risks, is_bad, strict=True) if not one)
    if not bad or not good:
        raise ValueError("bad and good outcomes are needed, one of each at least")
    # In the order of the observations, so that those of two scores belong together; equal ones count half.
    of_bad, of_good = [], []
    for risk, one in zip(risks, is_bad, strict=True):
        if one:
            of_bad.append((bisect_left(good, risk) + bisect_right(good, risk)) / (2 * len(good)))
        else:
            of_good.append(1 - (bisect_left(bad, risk) + bisect_right(bad, risk)) / (2 * len(bad)))
    return _Placements(of_bad, of_good)


def _variance(placed: Sequence[float]) -> float:
    """Return the variance of their mean."""
    mean = sum(placed) / len(placed)
    return sum((one - mean) ** 2 for one in placed) / max(1, len(placed) - 1) / len(placed)


def _ks(risks: Sequence[float], is_bad: Sequence[bool]) -> float:
    """Return the largest distance between the shares of bad and of good ones above a risk (Kolmogorov-Smirnov)."""
    bad = sorted(risk for risk, one in zip(risks, is_bad, strict=True) if one)
    good = sorted(risk for risk, one in zip(risks, is_bad, strict=True) if not one)
    return max(abs(bisect_right(bad, risk) / len(bad) - bisect_right(good, risk) / len(good)) for risk in {*bad, *good})
