"""The proven moment: up to where each stream was read, and the little that a later window has to know of the past.

Nothing in it grows with the events: a cursor for each reader of a partition, the last sequences of each subject, the
counts of each submission, and what is open at the edge.
"""

import time
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bus.reading.offsets import TopicPartition
from proofs.continuous.balance import Balance, MultisetDigest
from proofs.release.chain import ChainEnd

_SEPARATOR = "\x1f"
# Of a chain's numbers; the others are offsets by topic.
_NUMBER = "number"


class FactKind(StrEnum):
    """What a message of the topic of the proof says."""

    CURSOR = "CURSOR"
    POSITION = "POSITION"
    SUBJECT = "SUBJECT"
    SUBMISSION = "SUBMISSION"
    BALANCE = "BALANCE"
    AHEAD = "AHEAD"
    DIFFERENCE = "DIFFERENCE"
    FULL_PASS = "FULL_PASS"
    CHAIN = "CHAIN"


@dataclass(frozen=True, slots=True)
class ProvenFact:
    """One message of the topic; without ``numbers`` the fact is taken back."""

    kind: FactKind
    key: str
    numbers: dict[str, int] | None
    digests: dict[str, bytes] = field(default_factory=dict)
    text: str = ""
    at_s: float = 0.0


@dataclass(slots=True)
class Cursor:
    """How far one reader came in one partition."""

    offset: int = 0  # the next one to read
    count: int = 0  # messages before it
    last: int = 0  # behind the last message: what comes after that, before the end, is no message
    since_s: float = 0.0  # when the oldest message was written that waits here; 0: none does


@dataclass(frozen=True, slots=True)
class KeptDifference:
    """A difference that stays told until a full pass finds none."""

    arrow: str
    place: str
    what: str
    count: int
    found_at_s: float


class ProvenMoment:
    """What is known of the past. ``facts`` are what changed since they were last asked for."""

    def __init__(self, streams: Iterable[str]) -> None:
        # The position of each stream's last sequence among those of a subject.
        self._index = {name: at for at, name in enumerate(streams)}
        self.cursors: dict[tuple[str, TopicPartition], Cursor] = {}
        self.positions: dict[TopicPartition, dict[str, int]] = {}
        self.submissions: dict[str, dict[str, int]] = {}
        self.open_submissions: set[str] = set()
        self.balances: dict[str, Balance] = {}
        # Where the chain of the release's steps ends, by partition.
        self.chains: dict[int, ChainEnd] = {}
        self.differences: dict[str, KeptDifference] = {}
        self.unsettled: set[str] = set()
        self.full_pass_at_s = 0.0  # when the newest full pass began that found no difference
        self._subjects: dict[str, array[int]] = {}
        self._kept_ahead: dict[str, set[str]] = {}
        self._touched: set[tuple[FactKind, Any]] = set()

    def cursor(self, reader: str, partition: TopicPartition) -> Cursor:
        """Return how far a reader came; made at the beginning on first use."""
        return self.cursors.setdefault((reader, partition), Cursor())

    def touch(self, kind: FactKind, key: Any) -> None:
        """Note that a fact changed."""
        self._touched.add((kind, key))

    def balance(self, arrow: str) -> Balance:
        """Return the two sides of an arrow; they are kept with this pass."""
        self.touch(FactKind.BALANCE, arrow)
        return self.balances.setdefault(arrow, Balance())

    def last(self, stream: str, subject: str) -> int:
        """Return the last number of a subject in a stream; 0 where there was none."""
        numbers = self._subjects.get(subject)
        return 0 if numbers is None else numbers[self._index[stream]]

    def follow(self, stream: str, subject: str, number: int) -> None:
        """Keep the last number of a subject in a stream."""
        numbers = self._subjects.get(subject)
        if numbers is None:
            numbers = self._subjects[subject] = array("q", bytes(8 * len(self._index)))
        numbers[self._index[stream]] = number
        self._touched.add((FactKind.SUBJECT, subject))

    def differ(self, arrow: str, place: str, what: str, count: int = 1) -> None:
        """Keep a difference until a full pass finds none."""
        key = _SEPARATOR.join((arrow, place, what))
        self.differences[key] = KeptDifference(arrow, place, what, count, time.time())
        self.touch(FactKind.DIFFERENCE, key)

    def clear(self) -> int:
        """Forget the differences found before the newest full pass that found none; return how many they were."""
        cleared = [key for key, kept in self.differences.items() if kept.found_at_s < self.full_pass_at_s]
        for key in cleared:
            del self.differences[key]
            self.touch(FactKind.DIFFERENCE, key)
        return len(cleared)

    @property
    def is_settled(self) -> bool:
        """Whether nothing was seen ahead of what says so."""
        return not (self.open_submissions or self.unsettled or any(one.ahead for one in self.balances.values()))

    def reopen(self, changes: str, states: str) -> None:
        """Find again, after the facts were restored, what is open. The names are those of two streams."""
        self.unsettled = {one for one in self._subjects if self.last(changes, one) != self.last(states, one)}
        self.open_submissions = {
            name
            for name, numbers in self.submissions.items()
            if any(numbers.get(f"{kind}_due", count) < count for kind, count in numbers.items())
        }

    def facts(self) -> list[ProvenFact]:
        """Return what changed since this was last asked for, as it is to be written."""
        touched, self._touched = self._touched, set()
        facts = [self._fact(kind, key) for kind, key in touched]
        for arrow in [key for kind, key in touched if kind is FactKind.BALANCE]:
            facts += self._ahead_facts(arrow)
        return facts

    def _fact(self, kind: FactKind, key: Any) -> ProvenFact:
        match kind:
            case FactKind.CURSOR:
                cursor, (reader, partition) = self.cursors[key], key
                return ProvenFact(kind, _SEPARATOR.join((reader, partition.topic, str(partition.partition))),
                            {"offset": cursor.offset, "count": cursor.count, "last": cursor.last,
                             "since_ms": int(cursor.since_s * 1000)})  # fmt: skip
            case FactKind.POSITION:
                return ProvenFact(kind, f"{key.topic} {key.partition}", self.positions[key])
            case FactKind.SUBJECT:
                return ProvenFact(kind, key, dict(zip(self._index, self._subjects[key], strict=True)))
            case FactKind.SUBMISSION:
                return ProvenFact(kind, key, self.submissions[key])
            case FactKind.BALANCE:
                balance = self.balances[key]
                return ProvenFact(kind, key, {"due": balance.due.count, "seen": balance.seen.count},
                            {"due": balance.due.to_bytes(), "seen": balance.seen.to_bytes()})  # fmt: skip
            case FactKind.CHAIN:
                end = self.chains[key]
                return ProvenFact(kind, str(key), {_NUMBER: end.number, **end.after}, {"digest": end.digest})
            case _:
                kept = self.differences.get(key)
                if kept is None:
                    return ProvenFact(kind, key, None)
                return ProvenFact(kind, key, {"count": kept.count}, at_s=kept.found_at_s)

    def _ahead_facts(self, arrow: str) -> Iterable[ProvenFact]:
        now, kept = self.balances[arrow].ahead, self._kept_ahead.get(arrow, set())
        self._kept_ahead[arrow] = set(now)
        yield from (ProvenFact(FactKind.AHEAD, f"{arrow}{_SEPARATOR}{token}", None) for token in kept - now.keys())
        yield from (
            ProvenFact(FactKind.AHEAD, f"{arrow}{_SEPARATOR}{token}", {"count": count}) for token, count in now.items()
        )

    def restore(self, fact: ProvenFact) -> None:
        """Take a fact as it was written; to be called for each message of the topic, in its order."""
        kind, key, numbers = fact.kind, fact.key, fact.numbers
        match kind:
            case FactKind.CURSOR if numbers is not None:
                reader, topic, partition = key.split(_SEPARATOR)
                since_s = numbers["since_ms"] / 1000
                cursor = Cursor(numbers["offset"], numbers["count"], numbers["last"], since_s)
                self.cursors[reader, TopicPartition(topic, int(partition))] = cursor
            case FactKind.POSITION if numbers is not None:
                topic, _, partition = key.rpartition(" ")
                self.positions[TopicPartition(topic, int(partition))] = numbers
            case FactKind.SUBJECT if numbers is not None:
                self._subjects[key] = array("q", (numbers.get(name, 0) for name in self._index))
            case FactKind.SUBMISSION if numbers is not None:
                self.submissions[key] = numbers
            case FactKind.BALANCE if numbers is not None:
                due, seen = fact.digests["due"], fact.digests["seen"]
                ahead = self.balances[key].ahead if key in self.balances else None
                self.balances[key] = Balance(
                    MultisetDigest(numbers["due"], int.from_bytes(due)),
                    MultisetDigest(numbers["seen"], int.from_bytes(seen)),
                )
                if ahead is not None:
                    self.balances[key].ahead = ahead
            case FactKind.CHAIN if numbers is not None:
                after = {topic: offset for topic, offset in numbers.items() if topic != _NUMBER}
                self.chains[int(key)] = ChainEnd(numbers[_NUMBER], fact.digests["digest"], after)
            case FactKind.AHEAD:
                arrow, _, token = key.partition(_SEPARATOR)
                ahead = self.balances.setdefault(arrow, Balance()).ahead
                if numbers is None:
                    ahead.pop(token, None)
                else:
                    ahead[token] = numbers["count"]
                self._kept_ahead[arrow] = set(ahead)
            case FactKind.FULL_PASS:
                self.full_pass_at_s = max(self.full_pass_at_s, fact.at_s)
            case FactKind.DIFFERENCE if numbers is None:
                self.differences.pop(key, None)
            case FactKind.DIFFERENCE if numbers is not None:
                arrow, place, what = key.split(_SEPARATOR)
                self.differences[key] = KeptDifference(arrow, place, what, numbers["count"], fact.at_s)
