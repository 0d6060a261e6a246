"""A rating by the words of its model: card by card, without the rater's tables and orders.

It says a second time, on purpose, what ``rules.rating.scoring`` does for the stream.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from rules.rating.grades import GRADES, UNRATED, WATCHED
from rules.rating.model import Card, Direction, Model
from rules.rating.reviews import Entry, EntryKind


@dataclass(frozen=True, slots=True)
class PlainRating:
    """What a rating has to say; ``lowered`` and ``raises``: points by indicator."""

    segment: str
    score: int
    grade: str
    proposed: str
    waits_for: str
    coverage: int
    vetoes: frozenset[str]
    lowered: Mapping[str, int]
    raises: Mapping[str, int]
    missing: frozenset[str]
    review: int
    appeal: int


def plain_rating(
    model: Model, subject: str, values: Mapping[str, int | None], entries: Iterable[Entry], day: date
) -> PlainRating:
    """Return what a model says of an enterprise on a day; ``values`` in millionths."""
    segment = next(one for one in model.segments if one.fits(subject, values))
    score, coverage = 0, 0
    lowered: dict[str, int] = {}
    raises: dict[str, int] = {}
    missing: set[str] = set()
    for card in model.cards:
        value = values.get(card.indicator)
        if value is None and card.absent is not None:
            value = card.absent
        points = card.points[segment.id]
        if value is None:
            score += card.unknown[segment.id]
            missing.update(card.items)
            continue
        band = sum(1 for limit in card.limits if limit <= value)
        score += points[band]
        coverage += max(points)
        if points[band] < max(points):
            lowered[card.indicator] = max(points) - points[band]
            raises[card.indicator] = _next_better(card, points, band) - points[band]
    vetoes = [veto for veto in model.vetoes if (values.get(veto.indicator) or 0) >= veto.least]
    is_known = coverage >= segment.coverage
    proposed = _grade_of(model, score) if is_known else WATCHED
    bounds = [veto.grade for veto in vetoes]
    if UNRATED in bounds:
        proposed = UNRATED
    elif GRADES[-1] in bounds:
        proposed = GRADES[-1]
    elif is_known and bounds:
        proposed = GRADES[max(GRADES.index(grade) for grade in (*bounds, proposed))]
    own = sorted(entries, key=lambda one: one.number)
    reviews = [one for one in own if one.kind is EntryKind.REVIEW]
    of_model = [one for one in reviews if one.model == model.id][-1:]
    holding = [one for one in of_model if one.proposed == proposed and day <= one.until]
    is_bad = bool(vetoes or proposed in ("中", "差")) and proposed != UNRATED
    waits = not holding and subject.startswith("92") and is_bad
    answered = reviews[-1].number if reviews else 0
    appeals = [one.number for one in own if one.kind is EntryKind.APPEAL and one.number > answered]
    return PlainRating(
        segment=segment.id,
        score=score,
        grade=holding[0].grade if holding else WATCHED if waits else proposed,
        proposed=proposed,
        waits_for="REVIEW" if waits else "",
        coverage=coverage,
        vetoes=frozenset(veto.id for veto in vetoes),
        lowered=lowered,
        raises=raises,
        missing=frozenset(missing),
        review=holding[0].number if holding else 0,
        appeal=min(appeals, default=0),
    )


def _grade_of(model: Model, score: int) -> str:
    for grade in GRADES[:-1]:
        if score >= model.thresholds[grade]:
            return grade
    return GRADES[-1]


def _next_better(card: Card, points: tuple[int, ...], band: int) -> int:
    """Return the points of the nearest band on the better side that has more."""
    better = points[band + 1 :] if card.direction is Direction.UP else points[:band][::-1]
    return next(own for own in better if own > points[band])
