"""Who is on a list by the words of its definition: day by day, by counting days in a row, without looking at due days.

It says a second time, on purpose, what ``rules.lists.membership`` does for the stream.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from rules.lists.definition import ListDefinition, ListKind, Threshold
from rules.lists.membership import RatedFacts


@dataclass(frozen=True, slots=True)
class RatedFrom:
    """A rating from a business date on, up to the next one; ``facts`` None: no rating decides."""

    day: date
    facts: RatedFacts | None
    model: str = ""


@dataclass(frozen=True, slots=True)
class PlainMembership:
    """Where an enterprise stands at the end of a day; ``counted``: days in a row, up to this one, that count."""

    status: str
    since: date
    counted: int
    reasons: tuple[str, ...]
    model: str


def plain_memberships(
    definition: ListDefinition,
    ratings: Sequence[RatedFrom],
    first: date,
    last: date,
    former: PlainMembership | None = None,
) -> Iterator[tuple[date, PlainMembership]]:
    """Yield where somebody stands at the end of each day from ``first`` to ``last`` on which there is a rating.

    ``former``: where it stood on the day before.
    """
    days = [one.day for one in ratings]
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        at = bisect_right(days, day)
        rated = ratings[at - 1] if at else RatedFrom(day, None)
        if former is None and rated.facts is None:
            continue
        merit = definition.kind is ListKind.MERIT
        status, counted, reasons = (_merit if merit else _warning)(definition, former, rated.facts)
        since = former.since if former is not None and former.status == status else day
        former = PlainMembership(status, since, counted, tuple(reasons), rated.model)
        yield day, former


def _merit(
    definition: ListDefinition, former: PlainMembership | None, facts: RatedFacts | None
) -> tuple[str, int, list[str]]:
    if facts is None:
        return "OUT", 0, ["NO_RATING"]
    if facts.waits:
        return "OUT", 0, ["REVIEW_PENDING"]
    if facts.vetoes:
        return "OUT", 0, [f"VETO:{name}" for name in sorted(facts.vetoes)]
    if facts.grade == "待观察":
        return "OUT", 0, ["LITTLE_KNOWN"]
    was_member = former is not None and former.status == "MEMBER"
    if was_member and _is_at(definition.lower, facts):
        return "MEMBER", 0, []
    if not was_member and _is_at(definition.upper, facts):
        counted = 1 + (former.counted if former is not None else 0)
        return ("MEMBER", 0, []) if counted >= definition.days else ("WAITING", counted, ["DAYS"])
    missing = []
    if facts.score < definition.upper.score and not facts.reviewed:
        missing.append("SCORE")
    if facts.grade not in definition.upper.grades:
        missing.append("GRADE")
    return "OUT", 0, missing


def _warning(
    definition: ListDefinition, former: PlainMembership | None, facts: RatedFacts | None
) -> tuple[str, int, list[str]]:
    if facts is None or facts.waits:
        if former is None:
            return "OUT", 0, []
        # Days that pass meanwhile count on: nothing has changed that the hub may look at.
        return former.status, former.counted and former.counted + 1, [*former.reasons]
    if facts.grade == "不评价":
        return "OUT", 0, []
    signals = [] if facts.reviewed else [f"VETO:{name}" for name in sorted(facts.vetoes)]
    if facts.grade != "待观察":
        if facts.grade not in definition.lower.grades:
            signals.append("GRADE")
        if facts.score < definition.lower.score and not facts.reviewed:
            signals.append("SCORE")
    if signals:
        return "MEMBER", 0, signals
    if former is None or former.status != "MEMBER":
        return "OUT", 0, []
    if not _is_at(definition.upper, facts):
        return "MEMBER", 0, ["BETWEEN"]
    counted = former.counted + 1
    return ("OUT", 0, []) if counted >= definition.days else ("MEMBER", counted, ["CLEARING"])


def _is_at(threshold: Threshold, facts: RatedFacts) -> bool:
    return facts.grade in threshold.grades and (facts.reviewed or facts.score >= threshold.score)
