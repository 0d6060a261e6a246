"""A card fitted to outcomes: bands that go one way, and whole points for them.

The arithmetic of a scorecard: the weight of evidence of a band is the logarithm of its share of the bad over its share
of the good; times the coefficient of the indicator it is the band's risk. Points are of a thousand, so what is lost is
risk, and rating by the exported model gives the fitted score exactly.
"""

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from rules.rating.grades import GRADES, MOST_POINTS
from rules.rating.model import Card, Direction, Model

# Each band counts as if so many more of the average kind were in it: a rare one says little by chance.
_PRIOR = 200.0


@dataclass(frozen=True, slots=True)
class Bands:
    """Bands of an indicator with their evidence of risk, the lowest first; ``unknown``: where it is unknown."""

    indicator: str
    limits: tuple[int, ...]
    evidence: tuple[float, ...]
    unknown: float

    def of(self, value: int | None) -> float:
        """Return the evidence of a value in millionths."""
        return self.unknown if value is None else self.evidence[bisect_right(self.limits, value)]


def bands_of(card: Card, limits: Iterable[int], values: Sequence[int | None], is_bad: Sequence[bool]) -> Bands:
    """Return bands between these limits whose risk goes with the card's direction: those that do not are joined.

    ``values``: in millionths; the card's own ``absent`` stands for what is not there.
    """
    edges = sorted(set(limits))
    counts = [[0, 0] for _ in range(len(edges) + 1)]
    unknown = [0, 0]
    for value, bad in zip(values, is_bad, strict=True):
        known = card.absent if value is None else value
        (unknown if known is None else counts[bisect_right(edges, known)])[bad] += 1
    total = [sum(of_kind) for of_kind in zip(unknown, *counts, strict=True)]
    place = 0
    while place < len(edges):
        if _is_ordered(counts[place], counts[place + 1], total, card.direction):
            place += 1
            continue
        edges.pop(place)
        counts[place] = [one + other for one, other in zip(counts[place], counts.pop(place + 1), strict=True)]
        # The joined band may now lie wrongly beside the one before it.
        place = max(0, place - 1)
    evidence = tuple(_evidence(one, total) for one in counts)
    # Where nobody is unknown nothing is said for or against it; it is never better or worse than what is known.
    own = _evidence(unknown, total) if sum(unknown) else max(evidence)
    return Bands(card.indicator, tuple(edges), evidence, min(max(own, min(evidence)), max(evidence)))


def fitted_model(like: Model, bands: Sequence[Bands], coefficients: Mapping[str, float], name: str, zh: str) -> Model:
    """Return a model with the cards of another one that were fitted; its vetoes, segments and thresholds stay.

    Points are the same for all segments. Raises ValueError when no card is left.
    """
    own = {one.indicator: one for one in bands if coefficients.get(one.indicator, 0.0) > 0 and one.limits}
    if not own:
        raise ValueError("no indicator tells the bad from the good")
    spans = {key: coefficients[key] * (max(one.evidence) - min(one.evidence)) for key, one in own.items()}
    most = _shared(spans)
    names = [one.id for one in like.segments]
    dimensions = []
    for dimension in like.dimensions:
        cards = tuple(
            _card(card, own[card.indicator], most[card.indicator], names)
            for card in dimension.cards
            if most.get(card.indicator)
        )
        if cards:
            dimensions.append(replace(dimension, cards=cards))
    return replace(like, id=name, zh=zh, dimensions=tuple(dimensions))


def with_shares(model: Model, scores: Sequence[int], grades: Sequence[str]) -> Model:
    """Return a model whose thresholds give its scores the shares of these grades, 优 first."""
    order = sorted(scores, reverse=True)
    thresholds: dict[str, int] = {}
    ceiling = MOST_POINTS + 1
    for place, grade in enumerate(GRADES[:-1]):
        reached = sum(one in GRADES[: place + 1] for one in grades)
        known = sum(one in GRADES for one in grades)
        least = order[min(len(order) - 1, max(0, reached * len(order) // max(1, known) - 1))]
        # They fall from grade to grade, and leave something to the grades below.
        thresholds[grade] = ceiling = max(len(GRADES) - 1 - place, min(least, ceiling - 1))
    return replace(model, thresholds=thresholds)


def _card(card: Card, bands: Bands, most: int, segments: Sequence[str]) -> Card:
    worst, span = max(bands.evidence), max(bands.evidence) - min(bands.evidence)
    points = tuple(round(most * (worst - one) / span) for one in bands.evidence)
    unknown = {} if card.absent is not None else dict.fromkeys(segments, round(most * (worst - bands.unknown) / span))
    return replace(card, limits=bands.limits, points=dict.fromkeys(segments, points), unknown=unknown)


def _shared(spans: Mapping[str, float]) -> dict[str, int]:
    """Return whole points in proportion, which add up to a thousand (the largest remainders get one more)."""
    exact = {key: MOST_POINTS * span / sum(spans.values()) for key, span in spans.items()}
    whole = {key: math.floor(one) for key, one in exact.items()}
    left = MOST_POINTS - sum(whole.values())
    for key in sorted(exact, key=lambda one: (whole[one] - exact[one], one))[:left]:
        whole[key] += 1
    return whole


def _is_ordered(below: Sequence[int], above: Sequence[int], total: Sequence[int], direction: Direction) -> bool:
    """Whether the risk of two bands that are not empty goes with the direction."""
    if not sum(below) or not sum(above):
        return False
    lower, upper = _rate(below, total), _rate(above, total)
    return lower < upper if direction is Direction.DOWN else lower > upper


def _rate(counts: Sequence[int], total: Sequence[int]) -> float:
    average = total[True] / max(1, sum(total))
    return (counts[True] + _PRIOR * average) / (sum(counts) + _PRIOR)


def _evidence(counts: Sequence[int], total: Sequence[int]) -> float:
    rate, average = _rate(counts, total), total[True] / sum(total)
    return math.log(rate / (1 - rate)) - math.log(average / (1 - average))
