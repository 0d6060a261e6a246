"""A rating as of any day, from the records, models and reviews that are known now (law 4)."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from queries.ratings import KeptRating, RatingReason
from rules.indicators.facts import millionths
from rules.rating.digest import rating_hash
from rules.rating.messages import content_of
from rules.rating.reviews import Entry
from rules.rating.schedule import Running
from rules.rating.scoring import Reason, Scorer


def computed_rating(
    running: Running,
    subject: str,
    values: Mapping[str, Decimal | None],
    entries: Sequence[Entry],
    day: date,
    changed_at: datetime,
) -> KeptRating:
    """Return what a model says of an enterprise on a day; it has no sequence, for it was not published.

    ``changed_at``: when the records that it rests on last changed.
    """
    model = content_of(running.version)
    exact = {name: None if value is None else millionths(value) for name, value in values.items()}
    rating = Scorer(model).rate(subject, exact, entries, day)
    vetoes = {one.id: {"id": one.id, "indicator": one.indicator, "text": one.zh} for one in model.vetoes}
    return KeptRating(
        subject=subject,
        model=model.id,
        sequence=0,
        as_of=day,
        hash=rating_hash(rating, running.version.hash, rules=running.rules),
        model_hash=running.version.hash,
        rules=running.rules,
        segment=rating.segment,
        score=rating.score,
        grade=rating.grade,
        proposed=rating.proposed,
        waits_for="REVIEW" if rating.waits else "",
        coverage=rating.coverage,
        vetoes=tuple(vetoes[name] for name in rating.vetoes),
        lowered=_reasons(rating.lowered),
        raises=_reasons(rating.raises),
        missing=rating.missing,
        review=rating.review,
        appeal=rating.appeal,
        changed_at=changed_at,
    )


def _reasons(reasons: Sequence[Reason]) -> tuple[RatingReason, ...]:
    return tuple(RatingReason(**one._asdict()) for one in reasons)
