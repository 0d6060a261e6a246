"""The end of a day: the lists are decided from the ratings as they stand, before the next day changes any of them.

Looked at are only those whose rating changed during the day, and those whose counted days end. When a list's definition
or the model that decides it is another one, everybody is.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from bus import topics
from processing.output import Output
from processing.store import Store
from rules.lists.definition import ListDefinition
from rules.lists.membership import RatedFacts, decide
from rules.rating.model import Basis
from streams.rating import current, standing
from streams.rating.current import BY_A_FORMER_STORE, CurrentRating
from streams.rating.keys import (
    DUES,
    MARKS,
    RATINGS,
    decided_by,
    due_day_and_subject,
    due_key,
    list_key,
    rating_key,
    stored_membership,
    stored_rating,
)
from streams.rating.standing import ListStanding

MOST_SUBJECTS = 2000
"""In one transaction."""
Read = Callable[[bytes], Mapping[str, Any]]
Encode = Callable[[Mapping[str, Any]], bytes]
"""Returns the message of a value."""


class _DecidedList:
    """A list as it is decided at this close; ``model``: by whose rating, None: there is none."""

    def __init__(self, definition: ListDefinition, model: str | None) -> None:
        self.definition, self.model = definition, model
        self.decided_by = f"{definition.hash} {model or ''}".encode()


class DayClose:
    """Decides the lists of one partition."""

    def __init__(
        self, store: Store, decode: Read, lists: Iterable[ListDefinition], encode_list: Encode, encode_change: Encode
    ) -> None:
        self._store, self._decode, self._lists = store, decode, tuple(lists)
        self._encode_list, self._encode_change = encode_list, encode_change
        # By subject: what brought it here, to be deleted when it was looked at.
        self._passed: dict[str, list[bytes]] = {}

    def decide(self, since: date, last: date, models: Sequence[tuple[str, Basis, bool]]) -> Iterator[Output]:
        """Yield what changes on the lists with the end of the days ``since`` to ``last``, of some subjects at a time.

        All ratings in the store stand since ``since`` at the latest. ``models``: those that made them, by id, with
        basis, and whether it rules. A second call, after a crash between two outputs, yields what is missing.
        """
        decided = [_DecidedList(one, one.model_of(models)) for one in self._lists]
        others = [one for one in decided if self._store.get(decided_by(one.definition.id)) != one.decided_by]
        touched = self._touched(last)
        subjects = self._everybody() if others else touched
        while part := list(itertools.islice(subjects, MOST_SUBJECTS)):
            output, changed_at = Output(), datetime.now(UTC)
            for subject in part:
                self._look_at(subject, decided, since, last, changed_at, output)
            if output.writes:
                yield output
        # Behind the last subject: a close that was cut short looks at everybody again.
        if others:
            output = Output()
            output.writes.update({decided_by(one.definition.id): one.decided_by for one in others})
            yield output

    def _everybody(self) -> Iterator[str]:
        named = (key[1:].partition(b"\0")[0].decode() for key, _ in self._store.below(RATINGS))
        return (subject for subject, _ in itertools.groupby(named))

    def _touched(self, last: date) -> Iterator[str]:
        """Yield whom something happened to."""
        self._passed = passed = {}
        for key, _ in self._store.below(MARKS):
            passed[key[len(MARKS) :].decode()] = [key]
        for key, _ in self._store.below(DUES):
            day, subject = due_day_and_subject(key)
            if day > last.toordinal():
                break
            passed.setdefault(subject, []).append(key)
        return iter(sorted(passed))

    def _look_at(
        self,
        subject: str,
        decided: Iterable[_DecidedList],
        since: date,
        last: date,
        changed_at: datetime,
        output: Output,
    ) -> None:
        is_done = True
        for one in decided:
            rating = self._rating(subject, one.model)
            # Of a later day: this close was done before, and the worker ended while it worked on that day.
            if rating is not None and not BY_A_FORMER_STORE < rating.day <= since.toordinal():
                is_done = False
                continue
            facts = None if rating is None else rating.facts
            self._decide_one(subject, one, facts, since, last, changed_at, output)
        if is_done:
            output.writes.update(dict.fromkeys(self._passed.pop(subject, ())))

    def _decide_one(
        self,
        subject: str,
        of: _DecidedList,
        rating: RatedFacts | None,
        since: date,
        last: date,
        changed_at: datetime,
        output: Output,
    ) -> None:
        definition = of.definition
        key = list_key(subject, definition.id)
        raw = self._store.get(stored_membership(key))
        held = first = None if raw is None else standing.unpack(raw, self._decode)
        day: date | None = since
        while day is not None and day <= last:
            membership = decide(None if held is None else held.membership, rating, day, definition)
            sequence = 1 if held is None else held.sequence + 1
            found = ListStanding(sequence, membership, definition.hash, of.model or "", definition.basis.value)
            if held is None and (rating is None or not membership.says_something):
                return
            if not found.is_the_same(held):
                self._publish(subject, key, held, found, definition, day, changed_at, output)
                held = found
            due = membership.due(definition)
            day = due if due is not None and due > day else None
        self._index(subject, first, held, definition, output)

    def _publish(
        self,
        subject: str,
        key: bytes,
        held: ListStanding | None,
        found: ListStanding,
        definition: ListDefinition,
        day: date,
        changed_at: datetime,
        output: Output,
    ) -> None:
        value = found.value(subject, definition, day, changed_at)
        previous = {
            "previous_status": None if held is None else held.membership.status.value,
            "previous_basis": None if held is None else held.basis or None,
        }
        output.messages[topics.LIST].append((key, self._encode_list(value)))
        output.messages[topics.LIST_CHANGE].append((key, self._encode_change(value | previous)))
        output.writes[stored_membership(key)] = standing.pack(found)

    def _index(
        self,
        subject: str,
        first: ListStanding | None,
        held: ListStanding | None,
        definition: ListDefinition,
        output: Output,
    ) -> None:
        """Let the subject be looked at when the counted days end; who stands on several lists has several days."""
        before, after = (None if one is None else one.due(definition) for one in (first, held))
        if before is not None and before != after:
            # Another list's day may be the same; to look at somebody in vain changes nothing, to miss him would.
            output.writes.setdefault(due_key(before.toordinal(), subject), None)
        if after is not None:
            output.writes[due_key(after.toordinal(), subject)] = b""

    def _rating(self, subject: str, model: str | None) -> CurrentRating | None:
        raw = None if model is None else self._store.get(stored_rating(rating_key(subject, model)))
        return None if raw is None else current.unpack(raw, self._decode)
