"""Memberships of lists, held against what the changes of the ratings, the calendar and the definitions come to."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from confluent_kafka import Message

from bus import topics
from catalogue.errors import PoisonMessage
from proofs.replay.comparison import NONE, StateDifference, shown
from proofs.replay.plain_lists import PlainMembership, RatedFrom, plain_memberships
from rules.lists.definition import RULING, ListDefinition
from rules.lists.digest import membership_hash
from rules.lists.loading import load_lists
from rules.lists.membership import Membership, RatedFacts, Status
from rules.rating.messages import content_of
from rules.rating.model import Basis
from rules.rating.schedule import ModelVersion

Values = Iterator[tuple[Message, dict[str, Any]]]
# What a change says, beside its day: compared in this order.
_Said = tuple[str, date, date | None, tuple[str, ...], str]


@dataclass(frozen=True, slots=True)
class RatingAt:
    """A change of a rating: by which model, from which business date on, and what lists look at."""

    model: str
    model_hash: str
    rules: bool
    day: date
    facts: RatedFacts

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> "RatingAt":
        """Return the one that a decoded ``RatingChange`` says."""
        vetoes = tuple(veto["id"] for veto in value["vetoes"])
        facts = RatedFacts(value["score"], value["grade"], value["waits_for"] != "", vetoes, value["review"] > 0)
        return cls(value["model"], value["model_hash"], value["rules"], value["as_of"], facts)


@dataclass(slots=True)
class ListContents:
    """What was read of the lists; ``began``: by list, the first day at whose end the partition decided it."""

    current: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    """By subject and list."""
    changes: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)
    began: dict[tuple[int, str], date] = field(default_factory=dict)


def read_lists(
    values: Callable[[str], Values], every: Iterator[Message], decode: Callable[[bytes], Mapping[str, Any]]
) -> ListContents:
    """Return what ``values`` yields of the chosen subjects; ``every``: all changes, of which few are decoded."""
    found = ListContents()
    for message in every:
        place = message.partition() or 0, (message.key() or b"").decode(errors="replace").partition("\0")[2]
        if place not in found.began:
            # What cannot be read is a fault of its chosen subject.
            with suppress(PoisonMessage):
                found.began[place] = decode(message.value() or b"")["as_of"]
    for _, value in values(topics.LIST):
        found.current.setdefault(value["subject"], {})[value["list"]] = value
    for _, value in values(topics.LIST_CHANGE):
        found.changes.setdefault((value["subject"], value["list"]), []).append(value)
    return found


def compare_lists(
    subject: str,
    contents: ListContents,
    partition: int,
    history: Sequence[RatingAt],
    versions: Sequence[ModelVersion],
    last: date,
) -> Iterator[StateDifference]:
    """Yield how an enterprise's memberships differ from what they have to be at the end of the day ``last``."""
    bases = {one.hash: content_of(one).basis for one in versions}
    for name, definition in load_lists().items():
        began = contents.began.get((partition, name))
        if began is None or began > last:
            # No day has ended since the list is there.
            continue
        changes, held = contents.changes.get((subject, name), []), contents.current.get(subject, {}).get(name)
        yield from _off_changes(subject, name, held, changes)
        yield from _off_days(subject, definition, changes, rated_from(definition, history, bases), began, last)


def rated_from(definition: ListDefinition, history: Sequence[RatingAt], bases: Mapping[str, Basis]) -> list[RatedFrom]:
    """Return which rating decides a list, from which day on."""
    found: list[RatedFrom] = []
    now: dict[str, RatingAt] = {}
    for day in sorted({one.day for one in history}):
        # The last change of a day is how the rating stood at its end.
        now.update({one.model: one for one in history if one.day == day})
        fitting = [
            one
            for _, one in sorted(now.items())
            if (one.rules if definition.model == RULING else one.model == definition.model)
            and bases.get(one.model_hash) in (definition.basis, Basis.PUBLIC)
        ]
        found.append(RatedFrom(day, fitting[0].facts, fitting[0].model) if fitting else RatedFrom(day, None))
    return found


def _off_changes(
    subject: str, name: str, held: Mapping[str, Any] | None, changes: Sequence[Mapping[str, Any]]
) -> Iterator[StateDifference]:
    sequences = [one["sequence"] for one in changes]
    if sequences != [*range(1, len(sequences) + 1)]:
        yield StateDifference(subject, f"changes of list {name}", shown(sequences), f"1 to {len(sequences)}")
    last = changes[-1] if changes else None
    if (held and held["hash"]) != (last and last["hash"]) or (held and held["sequence"]) != (last and last["sequence"]):
        told = NONE if last is None else f"sequence {last['sequence']}"
        yield StateDifference(subject, f"list {name}", NONE if held is None else f"sequence {held['sequence']}", told)


def _off_days(
    subject: str,
    definition: ListDefinition,
    changes: Sequence[Mapping[str, Any]],
    ratings: Sequence[RatedFrom],
    began: date,
    last: date,
) -> Iterator[StateDifference]:
    own = [one for one in changes if one["definition_hash"] == definition.hash]
    if len(own) < len(changes):
        if not own or changes[-1] is not own[-1]:
            # Another definition, by which nothing was decided yet.
            return
        # What it stood at by the former definition is where this one began.
        before = changes[len(changes) - len(own) - 1]
        former, began = _plain(before, own[0]["as_of"]), own[0]["as_of"]
    else:
        former = None
    field = f"list {definition.id}"
    wanted = _told(plain_memberships(definition, ratings, began, last, former), former is not None)
    found = [(one["as_of"], _said(one)) for one in own]
    if not changes:
        # Since when this definition is there is not known of whom it says nothing: the last day is enough.
        at_last = _told(plain_memberships(definition, ratings, last, last), False)
        if at_last:
            yield StateDifference(subject, field, NONE, shown(at_last[0][1]))
        return
    if found != wanted:
        held = next((one for one, other in zip(found, wanted, strict=False) if one != other), None)
        at = len(wanted[: len(found)]) if held is None else found.index(held)
        yield StateDifference(
            subject,
            field,
            shown(found[at] if at < len(found) else None),
            shown(wanted[at] if at < len(wanted) else None),
        )
    for one in own:
        membership = Membership(Status(one["status"]), one["since"], one["counted_from"], tuple(one["reasons"]))
        if one["hash"] != membership_hash(membership, definition, one["model"]):
            yield StateDifference(subject, f"{field}/hash of sequence {one['sequence']}", one["hash"], "another")


def _told(days: Iterator[tuple[date, PlainMembership]], is_told: bool) -> list[tuple[date, _Said]]:
    """Return what has to be told of the days: what differs from the day before; of who is on no warning nothing."""
    told: list[tuple[date, _Said]] = []
    for day, one in days:
        counted_from = day - timedelta(one.counted - 1) if one.counted else None
        said = (one.status, one.since, counted_from, one.reasons, one.model)
        if (told and told[-1][1] == said) or (not told and not is_told and one.status == "OUT" and not one.reasons):
            continue
        told.append((day, said))
    return told


def _said(change: Mapping[str, Any]) -> _Said:
    return change["status"], change["since"], change["counted_from"], tuple(change["reasons"]), change["model"]


def _plain(change: Mapping[str, Any], day: date) -> PlainMembership:
    """Return where somebody stood on the day before this one."""
    began = change["counted_from"]
    counted = 0 if began is None else (day - began).days
    return PlainMembership(change["status"], change["since"], counted, tuple(change["reasons"]), change["model"])
