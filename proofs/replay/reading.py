"""What the topics hold of some subjects at one moment, as the merge's own positions bound it.

The merge writes records, states and positions of a partition number in one transaction. So events below the positions
that were read *before* the states are in the states, and events from the positions that were read *after* them are
not. A subject with an event in between moved while it was read, and is left for another attempt.
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from confluent_kafka import Message

from bus import topics
from bus.avro.decoding import Decoder
from bus.business_date import business_date_of
from bus.config import BusConfig
from bus.reading.offsets import TopicPartition
from bus.reading.scan import scan, scan_topics
from catalogue.envelope import PERSON_PREFIX, ItemId, RecordKey
from catalogue.errors import PoisonMessage
from proofs.replay.comparison import Difference, has_state
from rules.merge import Record
from rules.state import RecordIdentity

Chosen = Callable[[str], bool]
Positions = Mapping[TopicPartition, int]
# A commit reaches its partitions one after another, within milliseconds.
_SETTLE_S = 0.2
_SAY_EVERY = 1000


@dataclass(slots=True)
class Moment:
    """What was read of the chosen subjects; ``days``: the business date that each number was merged to, if it stood."""

    events: dict[str, list[Record]] = field(default_factory=dict)
    states: dict[str, dict[str, Any]] = field(default_factory=dict)
    records: dict[str, dict[RecordIdentity, Record]] = field(default_factory=dict)
    numbers: dict[str, set[int]] = field(default_factory=dict)
    days: dict[int, date] = field(default_factory=dict)
    moved: set[str] = field(default_factory=set)
    pending: int = 0
    faults: list[Difference] = field(default_factory=list)

    def subjects(self) -> list[str]:
        """Return every subject that anything was found of, and that stood still."""
        return sorted((self.events.keys() | self.states.keys() | self.records.keys()) - self.moved)

    def seen(self, subject: str, number: int) -> None:
        """Note in which partition number a subject was met."""
        self.numbers.setdefault(subject, set()).add(number)


class Topics:
    """Reads the topics of some partition numbers to their ends."""

    def __init__(
        self,
        config: BusConfig,
        decode: Decoder,
        inputs: Iterable[str],
        items_of_persons: Collection[str],
        on_read: Callable[[int], None],
    ) -> None:
        self._config, self._decode, self._on_read = config, decode, on_read
        self._inputs, self._persons = tuple(inputs), frozenset(items_of_persons)

    def read(self, numbers: list[int], chosen: Chosen) -> Moment:
        """Return what these partition numbers hold of the chosen subjects; raises Unavailable as scans do."""
        found = Moment()
        before = self._positions(numbers)
        time.sleep(_SETTLE_S)
        self._read_states(numbers, chosen, found)
        self._read_records(numbers, chosen, found)
        time.sleep(_SETTLE_S)
        after = self._positions(numbers)
        self._read_days(numbers, before, after, found)
        self._read_events(numbers, chosen, before, after, found)
        return found

    def subjects(self) -> Iterator[str]:
        """Yield the subject of every state and every event, again and again; no person's and no unit's."""
        for message in self._read((*self._inputs, topics.STATE), None):
            # The key, for it is what brings all of a subject into one partition.
            subject = _key_of(message)
            if subject and has_state(subject):
                yield subject

    def _positions(self, numbers: list[int]) -> dict[TopicPartition, int]:
        found: dict[TopicPartition, int] = {}
        for message in scan(self._config, topics.POSITION, partitions=numbers):
            value = self._decode(message.value() or b"")
            found[TopicPartition(value["topic"], value["partition"])] = value["next_offset"]
        return found

    def _read_states(self, numbers: list[int], chosen: Chosen, found: Moment) -> None:
        for message in self._read((topics.STATE,), numbers):
            subject = _key_of(message)
            if not chosen(subject):
                continue
            if not has_state(subject):
                found.faults.append(Difference(subject, "state", "a state", "none: neither persons nor units have one"))
                continue
            try:
                state = self._decode(message.value() or b"")
            except PoisonMessage as problem:
                found.faults.append(Difference(subject, "state", problem.message, "a state"))
                continue
            if state["subject"] != subject:
                found.faults.append(Difference(subject, "state/subject", state["subject"], subject))
            found.states[subject] = state
            found.seen(subject, message.partition() or 0)

    def _read_records(self, numbers: list[int], chosen: Chosen, found: Moment) -> None:
        for message in self._read((topics.RECORD,), numbers):
            subject, _, rest = _key_of(message).partition("\x00")
            item, _, key = rest.partition("\x00")
            if not chosen(subject):
                continue
            name = f"record {item} {key}"
            if subject.startswith(PERSON_PREFIX) or item in self._persons:
                found.faults.append(Difference(subject, name, "a record", "none: persons are in a topic apart"))
                continue
            try:
                envelope, _, schema_id, payload = self._decode.record(message.value() or b"")
            except PoisonMessage as problem:
                found.faults.append(Difference(subject, name, problem.message, "a record"))
                continue
            held = found.records.setdefault(subject, {})
            held[ItemId(item), RecordKey(key)] = Record(envelope, schema_id, payload)
            found.seen(subject, message.partition() or 0)

    def _read_days(self, numbers: list[int], before: Positions, after: Positions, found: Moment) -> None:
        for message in self._read((topics.CALENDAR,), numbers):
            place = TopicPartition(topics.CALENDAR, message.partition() or 0)
            # On the way to a new day some states are of it and others are not yet.
            if (message.offset() or 0) < before.get(place, 0) == after.get(place, 0):
                day = business_date_of(self._decode, message.value())
                if day is not None:
                    found.days[place[1]] = max(day, found.days.get(place[1], day))

    def _read_events(
        self, numbers: list[int], chosen: Chosen, before: Positions, after: Positions, found: Moment
    ) -> None:
        for message in self._read(self._inputs, numbers):
            place = TopicPartition(self._config.name_of(message.topic() or ""), message.partition() or 0)
            offset = message.offset() or 0
            if offset >= after.get(place, 0):
                found.pending += 1
                continue
            try:
                envelope, _, schema_id, payload = self._decode.envelope(message.value() or b"")
            except PoisonMessage:
                # The merge sets it aside, too; `credithub reconcile` counts these.
                continue
            subject = envelope.subject
            if subject.startswith(PERSON_PREFIX) or envelope.item in self._persons or not chosen(subject):
                continue
            found.seen(subject, place[1])
            if offset >= before.get(place, 0):
                found.moved.add(subject)
            else:
                found.events.setdefault(subject, []).append(Record(envelope, schema_id, payload))

    def _read(self, names: Iterable[str], numbers: list[int] | None) -> Iterator[Message]:
        count = 0
        for _, message in scan_topics(self._config, dict.fromkeys(names, 0), partitions=numbers):
            yield message
            count += 1
            if count % _SAY_EVERY == 0:
                self._on_read(_SAY_EVERY)
        self._on_read(count % _SAY_EVERY)


def _key_of(message: Message) -> str:
    return (message.key() or b"").decode(errors="replace")
