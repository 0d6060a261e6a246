"""Lists for whoever reads: who is on each, where an enterprise stands and why, and who would be on if the day ended."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from queries.lists import COUNTS, MEMBERS, OF_SUBJECT, RATED, REASONS, STANDINGS, KeptMembership, facts_of, standing_of
from queries.rating_view import RatingView
from queries.ratings import RATINGS, KeptRating
from queries.table_snapshot import TableSnapshot, table_snapshot
from queries.view import UnknownSubject, View
from rules.lists.definition import RULING, ListDefinition
from rules.lists.loading import load_lists
from rules.lists.membership import RatedFacts, Status, decide
from rules.rating.messages import content_of


@dataclass(frozen=True, slots=True)
class ListCounts:
    """How many stand where on a list, and why those who are not on it are not: reasons by their codes."""

    definition: ListDefinition
    members: int
    waiting: int
    out: int
    reasons: Mapping[str, int]

    def as_json(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            **described(self.definition), "members": self.members, "waiting": self.waiting, "out": self.out,
            "reasons": dict(self.reasons),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class ListForecast:
    """What the end of this day would change on a list."""

    definition: ListDefinition
    model: str | None
    """Which decides; None: none that runs may."""
    members: int
    """Behind the end of the day."""
    enter: int
    leave: int
    waiting: int

    def as_json(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "list": self.definition.id, "list_name": self.definition.zh, "basis": self.definition.basis.value,
            "model": self.model, "members": self.members, "enter": self.enter, "leave": self.leave,
            "waiting": self.waiting,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class SubjectList:
    """Where an enterprise stands on one list. ``rating``: the one that decides it, None where there is none."""

    definition: ListDefinition
    held: KeptMembership | None
    """None: nothing was ever to be said of it."""
    rating: KeptRating | None

    @property
    def points_missing(self) -> int:
        """How many points are missing to the upper threshold, where points are asked for."""
        if self.rating is None or self.rating.review:
            return 0
        return max(0, self.definition.upper.score - self.rating.score)

    def as_json(self) -> dict[str, Any]:
        """Return it for JSON."""
        names = ("model", "score", "grade", "as_of")
        rated = {} if self.rating is None else self.rating.as_json()
        return {
            **described(self.definition),
            "membership": None if self.held is None else self.held.as_json(),
            "rating": {name: rated[name] for name in names} if rated else None,
            "points_missing": self.points_missing,
        }


@dataclass(frozen=True, slots=True)
class SubjectLists:
    """Where an enterprise stands on every list; ``vetoes``: their texts, in Chinese, by their ids."""

    subject: str
    subject_name: str | None
    lists: tuple[SubjectList, ...]
    vetoes: Mapping[str, str]

    def as_json(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "subject": self.subject,
            "subject_name": self.subject_name,
            "lists": [one.as_json() for one in self.lists],
            "source": "postgresql",
        }


class ListView:
    """Reads memberships as ``View`` reads states, and raises what it raises."""

    def __init__(self, view: View) -> None:
        self._view, self._definitions = view, load_lists()

    def counts(self) -> list[ListCounts]:
        """Return how many stand where on each list."""
        with table_snapshot(self._view.dsn) as tables:
            counted = {(name, status): count for name, status, count in tables.rows(COUNTS, ())}
            reasons: defaultdict[str, dict[str, int]] = defaultdict(dict)
            for name, reason, count in tables.rows(REASONS, ()):
                reasons[name][reason] = count
        return [
            ListCounts(
                one,
                members=counted.get((one.id, Status.MEMBER.value), 0),
                waiting=counted.get((one.id, Status.WAITING.value), 0),
                out=counted.get((one.id, Status.OUT.value), 0),
                reasons=reasons.get(one.id, {}),
            )
            for one in self._definitions.values()
        ]

    def members(self, name: str, limit: int) -> list[KeptMembership]:
        """Return who is on a list, whoever entered last first."""
        with table_snapshot(self._view.dsn) as tables:
            return [KeptMembership.of(row) for row in tables.rows(MEMBERS, (name, limit))]

    def subject(self, subject: str) -> SubjectLists:
        """Return where an enterprise stands on every list; raises UnknownSubject."""
        with table_snapshot(self._view.dsn) as tables:
            state = tables.state(subject)
            if state is None:
                raise UnknownSubject(subject)
            held = {one.list: one for one in map(KeptMembership.of, tables.rows(OF_SUBJECT, (subject,)))}
            ratings = [KeptRating.of(row) for row in tables.rows(RATINGS, (subject,))]
        vetoes = {veto["id"]: veto["text"] for rating in ratings for veto in rating.vetoes}
        found = tuple(
            SubjectList(one, held.get(one.id), next((rating for rating in ratings if _decides(one, rating)), None))
            for one in self._definitions.values()
        )
        return SubjectLists(subject, state.subject_name, found, vetoes)

    def forecast(self, day: date) -> list[ListForecast]:
        """Return what the end of a day would change, by the ratings as PostgreSQL has them now."""
        running = [
            (one.version.model, content_of(one.version).basis, one.rules) for one in RatingView(self._view).running(day)
        ]
        deciding = {one.id: one.model_of(running) for one in self._definitions.values()}
        with table_snapshot(self._view.dsn) as tables:
            held = dict(standing_of(row) for row in tables.rows(STANDINGS, ()))
            now: Counter[tuple[str, str]] = Counter()
            for subject, model, facts in _rated(tables):
                for name, definition in self._definitions.items():
                    if deciding[name] != model:
                        continue
                    former = held.get((subject, name))
                    found = decide(former, facts, day, definition)
                    was = former is not None and former.is_member
                    now[name, found.status.value] += 1
                    now[name, "enter"] += found.is_member and not was
                    now[name, "leave"] += was and not found.is_member
        return [
            ListForecast(
                one, deciding[name], now[name, "MEMBER"], now[name, "enter"], now[name, "leave"], now[name, "WAITING"]
            )
            for name, one in self._definitions.items()
        ]


def described(definition: ListDefinition) -> dict[str, Any]:
    """Return what a definition says, for JSON."""
    return {
        "list": definition.id, "list_name": definition.zh, "kind": definition.kind.value,
        "basis": definition.basis.value, "decided_by": definition.model, "days": definition.days,
        "upper": {"score": definition.upper.score, "grades": sorted(definition.upper.grades)},
        "lower": {"score": definition.lower.score, "grades": sorted(definition.lower.grades)},
        "definition_hash": definition.hash,
    }  # fmt: skip


def _decides(definition: ListDefinition, rating: KeptRating) -> bool:
    return rating.rules if definition.model == RULING else rating.model == definition.model


def _rated(tables: TableSnapshot) -> Iterator[tuple[str, str, RatedFacts]]:
    for subject, model, *facts in tables.rows(RATED, ()):
        yield subject, model, facts_of(*facts)
