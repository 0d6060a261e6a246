"""How the ratings of a hub do: what they tell of outcomes, how spread and calibration hold, how grades move."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from rules.rating.grades import ALL_GRADES
from rules.rating.measures import Discrimination, discrimination, stability
from rules.rating.outcomes import OutcomeKind, OverdueOutcome

_BANDS = 10


class RatedOn(NamedTuple):
    """A rating from a day on, as ``credit.rating.change.v1`` has it."""

    day: date
    score: int
    grade: str


Ratings = Mapping[str, Sequence[RatedOn]]
"""By subject, those of one model in their order."""


class Counted(NamedTuple):
    """How many of a grade or band were good and bad."""

    name: str
    good: int
    bad: int

    @property
    def bad_rate(self) -> float | None:
        """The share of the bad; None of nobody."""
        total = self.good + self.bad
        return self.bad / total if total else None


class Calibrated(NamedTuple):
    """A band of scores: the bad rate of the reference day, and what came about on later days."""

    name: str
    expected: float | None
    observed: Counted


@dataclass(frozen=True, slots=True)
class Monitoring:
    """The figures of one model. ``discrimination`` is None where bad or good outcomes are missing."""

    model: str
    reference: date
    day: date
    rated: int
    stability: float
    discrimination: Discrimination | None
    grades: tuple[Counted, ...]
    calibration: tuple[Calibrated, ...]
    migration: Mapping[str, Mapping[str, int]]
    """By the grade of the reference day, how many have which grade now."""
    indeterminate: int
    unrated: int
    """Of how many outcomes there was no rating on their day."""

    def as_json(self) -> dict[str, Any]:
        """Return it for JSON."""
        found = self.discrimination
        return {
            "model": self.model,
            "reference": self.reference.isoformat(),
            "day": self.day.isoformat(),
            "rated": self.rated,
            "psi": round(self.stability, 4),
            "auc": None if found is None else [round(one, 4) for one in found.auc],
            "ks": None if found is None else round(found.ks, 4),
            "grades": [_counted(one) for one in self.grades],
            "calibration": [
                {"expected_bad_rate": None if one.expected is None else round(one.expected, 4)} | _counted(one.observed)
                for one in self.calibration
            ],
            "migration": {grade: dict(own) for grade, own in self.migration.items()},
            "indeterminate": self.indeterminate,
            "unrated": self.unrated,
        }


def monitor(model: str, ratings: Ratings, outcomes: Iterable[OverdueOutcome], reference: date, day: date) -> Monitoring:
    """Return the figures: ratings of ``day`` against those of the ``reference`` day, outcomes by their day's rating.

    Calibration: bands are tenths of the scores of the reference day. What their bad rates were among outcomes up to
    that day is what is expected of later ones.
    """
    before, now = ratings_on(ratings, reference), ratings_on(ratings, day)
    limits = _tenths([one.score for one in before.values()])
    judged: list[tuple[OverdueOutcome, RatedOn]] = []
    indeterminate = unrated = 0
    for outcome in outcomes:
        rated = _on(ratings.get(outcome.subject, ()), outcome.day)
        if outcome.kind is OutcomeKind.INDETERMINATE:
            indeterminate += 1
        elif rated is None:
            unrated += 1
        else:
            judged.append((outcome, rated))
    is_bad = [one.kind is OutcomeKind.BAD for one, _ in judged]
    return Monitoring(
        model=model,
        reference=reference,
        day=day,
        rated=len(now),
        stability=stability(_spread(before.values(), limits), _spread(now.values(), limits)),
        discrimination=discrimination([-rated.score for _, rated in judged], is_bad)
        if any(is_bad) and not all(is_bad)
        else None,
        grades=tuple(_count(grade, [pair for pair in judged if pair[1].grade == grade]) for grade in ALL_GRADES),
        calibration=_calibration(judged, limits, reference),
        migration=_migration(before, now),
        indeterminate=indeterminate,
        unrated=unrated,
    )


def ratings_on(ratings: Ratings, day: date) -> dict[str, RatedOn]:
    """Return the ratings that held on a day."""
    held = ((subject, _on(own, day)) for subject, own in ratings.items())
    return {subject: one for subject, one in held if one is not None}


def _on(own: Sequence[RatedOn], day: date) -> RatedOn | None:
    return next((one for one in reversed(own) if one.day <= day), None)


def _tenths(scores: Sequence[int]) -> list[int]:
    order = sorted(scores)
    return sorted({order[place * len(order) // _BANDS] for place in range(1, _BANDS)}) if order else []


def _spread(ratings: Iterable[RatedOn], limits: Sequence[int]) -> list[int]:
    counts = [0] * (len(limits) + 1)
    for one in ratings:
        counts[bisect_right(limits, one.score)] += 1
    return counts


def _count(name: str, judged: Sequence[tuple[OverdueOutcome, RatedOn]]) -> Counted:
    bad = sum(one.kind is OutcomeKind.BAD for one, _ in judged)
    return Counted(name, len(judged) - bad, bad)


def _calibration(
    judged: Sequence[tuple[OverdueOutcome, RatedOn]], limits: Sequence[int], reference: date
) -> tuple[Calibrated, ...]:
    found = []
    for band in range(len(limits) + 1):
        own = [pair for pair in judged if bisect_right(limits, pair[1].score) == band]
        name = _band_name(limits, band)
        expected = _count(name, [pair for pair in own if pair[0].day <= reference]).bad_rate
        found.append(Calibrated(name, expected, _count(name, [pair for pair in own if pair[0].day > reference])))
    return tuple(found)


def _band_name(limits: Sequence[int], band: int) -> str:
    low = limits[band - 1] if band else 0
    return f"{low}–{limits[band] - 1}" if band < len(limits) else f"{low}–1000"


def _migration(before: Mapping[str, RatedOn], now: Mapping[str, RatedOn]) -> dict[str, dict[str, int]]:
    found = {grade: dict.fromkeys(ALL_GRADES, 0) for grade in ALL_GRADES}
    for subject, was in before.items():
        if subject in now:
            found[was.grade][now[subject].grade] += 1
    return found


def _counted(one: Counted) -> dict[str, Any]:
    rate = one.bad_rate
    return {"name": one.name, "good": one.good, "bad": one.bad, "bad_rate": None if rate is None else round(rate, 4)}
