"""How far the kinds of enterprises overlap: what a rating has to tell apart, measured by the hidden truth."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from simulation.enterprises import Enterprise
from simulation.lives import MONTHS
from simulation.troubles import NEGATIVE

_WINDOW = timedelta(days=3 * 365)
_MONTH = timedelta(days=30)
_FIFTHS = 5
_A_YEAR = 12


@dataclass(frozen=True, slots=True)
class Overlap:
    """Shares of 0 to 1. Healthy is who has not defaulted, and whose mean quality is above the city's median."""

    healthy: int
    healthy_with_record: float
    defaulters: int
    defaulters_without: float
    yearly_rate: float
    by_fifth: tuple[float, ...]
    """The share with a negative record, by fifth of mean quality from the worst on."""


def overlap(city: Sequence[Enterprise], as_of: date) -> Overlap:
    """Return how far they overlap in the 36 months before ``as_of``."""
    means = {one.uscc: sum(one.life.quality) / len(one.life.quality) for one in city}
    order = sorted(city, key=lambda one: means[one.uscc])
    median = means[order[len(order) // 2].uscc]
    healthy = [one for one in city if one.life.default is None and means[one.uscc] > median]
    defaulters = [one for one in city if _defaulted_after(one, as_of - _WINDOW) is not None]
    before = [_defaulted_after(one, as_of - _WINDOW) for one in defaulters]
    without = sum(
        not _negative(one, day - _MONTH) for one, day in zip(defaulters, before, strict=True) if day is not None
    )
    watched = sum(_months_watched(one) for one in city)
    fifths = [order[at * len(order) // _FIFTHS : (at + 1) * len(order) // _FIFTHS] for at in range(_FIFTHS)]
    return Overlap(
        healthy=len(healthy),
        healthy_with_record=_share([_negative(one, as_of) for one in healthy]),
        defaulters=len(defaulters),
        defaulters_without=without / max(1, len(defaulters)),
        yearly_rate=sum(one.life.default is not None for one in city) / max(1, watched) * _A_YEAR,
        by_fifth=tuple(_share([_negative(one, as_of) for one in fifth]) for fifth in fifths),
    )


def auc(scores: Sequence[float], is_bad: Sequence[bool]) -> float:
    """Return how often a bad one has a higher score than a good one; equal scores count half."""
    order = sorted(range(len(scores)), key=scores.__getitem__)
    bad = sum(is_bad)
    total, at = 0.0, 0
    while at < len(order):
        end = at
        while end + 1 < len(order) and scores[order[end + 1]] == scores[order[at]]:
            end += 1
        total += ((at + end) / 2 + 1) * sum(is_bad[order[place]] for place in range(at, end + 1))
        at = end + 1
    return (total - bad * (bad + 1) / 2) / (bad * (len(scores) - bad)) if 0 < bad < len(scores) else 0.5


def _negative(one: Enterprise, day: date) -> bool:
    return any(each.item in NEGATIVE and day - _WINDOW < each.day <= day for each in one.troubles)


def _defaulted_after(one: Enterprise, day: date) -> date | None:
    month = one.life.default
    found = None if month is None else date(month // 12, month % 12 + 1, 15)
    return found if found is not None and found > day else None


def _months_watched(one: Enterprise) -> int:
    """Return for how many months it could default and had not."""
    default = one.life.default
    return min(MONTHS, len(one.life.quality)) if default is None else default - one.life.first + 1


def _share(held: Sequence[bool]) -> float:
    return sum(held) / max(1, len(held))
