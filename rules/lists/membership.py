"""Who is on a list: a pure function of former membership, the day's rating, the day and the definition.

It is decided when a day has ended. Between two ratings only the days that are counted change anything, and only on the
day on which they end (``due``). To look at somebody on any other day changes nothing, and to look twice does neither.
"""

from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

from rules.lists.definition import ListDefinition, ListKind
from rules.rating.grades import UNRATED, WATCHED

NO_RATING, REVIEW_PENDING, LITTLE_KNOWN = "NO_RATING", "REVIEW_PENDING", "LITTLE_KNOWN"
SCORE, GRADE, DAYS = "SCORE", "GRADE", "DAYS"
BETWEEN, CLEARING = "BETWEEN", "CLEARING"
VETO = "VETO:"
"""Goes before the id of the veto."""


class Status(StrEnum):
    """Where somebody stands."""

    MEMBER = "MEMBER"
    WAITING = "WAITING"
    """The upper threshold of a merit is reached, for fewer days than are asked for."""
    OUT = "OUT"


class RatedFacts(NamedTuple):
    """What lists look at in a rating: ``waits``, for a person's decision; ``reviewed``: a person decided."""

    score: int
    grade: str
    waits: bool
    vetoes: tuple[str, ...]
    reviewed: bool


class Membership(NamedTuple):
    """Where somebody stands on one list.

    ``since``: the business date on which the status was reached. ``counted_from``: the first of the days that count
    towards entering a merit, or leaving a warning. ``reasons``: codes; why not on a merit, or why on a warning.
    """

    status: Status
    since: date
    counted_from: date | None = None
    reasons: tuple[str, ...] = ()

    @property
    def is_member(self) -> bool:
        """Whether one is on the list."""
        return self.status is Status.MEMBER

    @property
    def says_something(self) -> bool:
        """Whether it is worth telling of somebody who was never on the list: who is not warned of has no reasons."""
        return self.status is not Status.OUT or bool(self.reasons)

    def due(self, definition: ListDefinition) -> date | None:
        """Return the day at whose end the counted days are complete."""
        return None if self.counted_from is None else self.counted_from + timedelta(definition.days - 1)


def decide(former: Membership | None, rating: RatedFacts | None, day: date, definition: ListDefinition) -> Membership:
    """Return the membership as of a day that has ended; ``rating``: as it stood when the next day began."""
    decided = _merit if definition.kind is ListKind.MERIT else _warning
    found = decided(former, rating, day, definition)
    # The status goes on since when it began.
    return found._replace(since=former.since) if former is not None and former.status is found.status else found


def _merit(former: Membership | None, rating: RatedFacts | None, day: date, definition: ListDefinition) -> Membership:
    bars = _bars(rating)
    if rating is None or bars:
        return Membership(Status.OUT, day, None, bars)
    if former is not None and former.is_member:
        if definition.lower.reached(rating.score, rating.grade, is_reviewed=rating.reviewed):
            return former
    elif definition.upper.reached(rating.score, rating.grade, is_reviewed=rating.reviewed):
        began = former.counted_from if former is not None and former.counted_from is not None else day
        entered = day >= began + timedelta(definition.days - 1)
        return Membership(Status.MEMBER, day) if entered else Membership(Status.WAITING, day, began, (DAYS,))
    return Membership(Status.OUT, day, None, _short_of(rating, definition))


def _warning(former: Membership | None, rating: RatedFacts | None, day: date, definition: ListDefinition) -> Membership:
    out = Membership(Status.OUT, day)
    if rating is None or rating.waits:
        # What a person has to decide first is no warning, and takes none back.
        return former or out
    if rating.grade == UNRATED:
        # Nobody is warned of whoever is no more.
        return out
    if signals := _signals(rating, definition):
        return Membership(Status.MEMBER, day, None, signals)
    if former is None or not former.is_member:
        return out
    if not definition.upper.reached(rating.score, rating.grade, is_reviewed=rating.reviewed):
        return Membership(Status.MEMBER, day, None, (BETWEEN,))
    began = former.counted_from or day
    return out if day >= began + timedelta(definition.days - 1) else Membership(Status.MEMBER, day, began, (CLEARING,))


def _bars(rating: RatedFacts | None) -> tuple[str, ...]:
    """Return what keeps anybody off a merit, whatever the score."""
    if rating is None:
        return (NO_RATING,)
    if rating.waits:
        # Vetoes of a 个体工商户 are told to nobody before a person has decided.
        return (REVIEW_PENDING,)
    if rating.vetoes:
        return _named(rating.vetoes)
    return (LITTLE_KNOWN,) if rating.grade == WATCHED else ()


def _short_of(rating: RatedFacts, definition: ListDefinition) -> tuple[str, ...]:
    """Return what is missing for entry."""
    upper = definition.upper
    score = (SCORE,) if not rating.reviewed and rating.score < upper.score else ()
    return (*score, GRADE) if rating.grade not in upper.grades else score


def _signals(rating: RatedFacts, definition: ListDefinition) -> tuple[str, ...]:
    """Return what has to be warned of."""
    found = () if rating.reviewed else _named(rating.vetoes)
    if rating.grade == WATCHED:
        # That little is known is no warning.
        return found
    lower = definition.lower
    if rating.grade not in lower.grades:
        found = (*found, GRADE)
    return (*found, SCORE) if not rating.reviewed and rating.score < lower.score else found


def _named(vetoes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{VETO}{name}" for name in sorted(vetoes))
