"""What the topics hold of some subjects at one moment, as told by the merge's own positions.

The merge writes the records, states and positions of a partition in one transaction. The positions are read before the
states and again after them. Events below the first positions are in the states; events from the second on are not.
A subject with an event in between moved while it was read, and is read again.
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
from bus.partitions import partition_of
from bus.reading.offsets import TopicPartition
from bus.reading.scan import scan, scan_topics
from catalogue.envelope import PERSON_PREFIX, ItemId, RecordKey
from catalogue.errors import PoisonMessage
from proofs.replay.comparison import StateDifference, has_state
from rules.merge import Record
from rules.state import RecordIdentity

Chosen = Callable[[str], bool]
Positions = Mapping[TopicPartition, int]
# A commit reaches its partitions one after another, within milliseconds.
_SETTLE_S = 0.2
_SAY_EVERY = 1000


@dataclass(slots=True)
class TopicContents:
    """What was read of the chosen subjects; ``days``: the business date of each partition that did not move."""

    events: dict[str, list[Record]] = field(default_factory=dict)
    states: dict[str, dict[str, Any]] = field(default_factory=dict)
    values: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)  # of indicators, by subject and item
    told_at: dict[str, int] = field(default_factory=dict)  # the offset of a subject's newest values
    records: dict[str, dict[RecordIdentity, Record]] = field(default_factory=dict)
    partitions: dict[str, set[int]] = field(default_factory=dict)
    days: dict[int, date] = field(default_factory=dict)
    moved: set[str] = field(default_factory=set)
    pending: int = 0
    faults: list[StateDifference] = field(default_factory=list)

    def subjects(self) -> list[str]:
        """Return every subject of which anything was found, and which did not move meanwhile."""
        return sorted((self.events.keys() | self.states.keys() | self.values.keys() | self.records.keys()) - self.moved)

    def met(self, subject: str, partition: int) -> None:
        """Note in which partition a subject was found."""
        self.partitions.setdefault(subject, set()).add(partition)


class ContentsReader:
    """Reads some partitions of all topics to their ends."""

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

    def read(self, partitions: list[int], chosen: Chosen) -> TopicContents:
        """Return what these partitions hold of the chosen subjects; raises Unavailable as scans do."""
        found = TopicContents()
        before = self._positions(partitions)
        time.sleep(_SETTLE_S)
        self._read_states(partitions, chosen, found)
        self._read_values(partitions, chosen, found)
        self._read_records(partitions, chosen, found)
        time.sleep(_SETTLE_S)
        after = self._positions(partitions)
        self._read_days(partitions, before, after, found)
        self._read_events(partitions, chosen, before, after, found)
        return found

    def subjects(self) -> Iterator[str]:
        """Yield the subject of every state and every event, with repetitions; no persons and no units."""
        for message in self._read((*self._inputs, topics.STATE), None):
            # The key: it brings all of a subject into one partition.
            subject = _key_of(message)
            if subject and has_state(subject):
                yield subject

    def _positions(self, partitions: list[int]) -> dict[TopicPartition, int]:
        found: dict[TopicPartition, int] = {}
        for message in scan(self._config, topics.POSITION, partitions=partitions):
            value = self._decode(message.value() or b"")
            found[TopicPartition(value["topic"], value["partition"])] = value["next_offset"]
        return found

    def _read_states(self, partitions: list[int], chosen: Chosen, found: TopicContents) -> None:
        for message in self._read((topics.STATE,), partitions):
            subject = _key_of(message)
            if not chosen(subject):
                continue
            if not has_state(subject):
                found.faults.append(
                    StateDifference(subject, "state", "a state", "none: neither persons nor units have one")
                )
                continue
            try:
                state = self._decode(message.value() or b"")
            except PoisonMessage as problem:
                found.faults.append(StateDifference(subject, "state", problem.message, "a state"))
                continue
            if state["subject"] != subject:
                found.faults.append(StateDifference(subject, "state/subject", state["subject"], subject))
            found.states[subject] = state
            found.met(subject, message.partition() or 0)

    def _read_values(self, partitions: list[int], chosen: Chosen, found: TopicContents) -> None:
        for message in self._read((topics.INDICATOR,), partitions):
            subject, _, item = _key_of(message).partition("\x00")
            if not chosen(subject):
                continue
            name = f"indicators {item}"
            try:
                told = self._decode(message.value() or b"")
            except PoisonMessage as problem:
                found.faults.append(StateDifference(subject, name, problem.message, "values"))
                continue
            if (told["subject"], told["item"]) != (subject, item):
                found.faults.append(StateDifference(subject, name, f"{told['subject']} {told['item']}", "its own"))
            found.values.setdefault(subject, {})[item] = told
            found.told_at[subject] = message.offset() or 0
            found.met(subject, message.partition() or 0)

    def _read_records(self, partitions: list[int], chosen: Chosen, found: TopicContents) -> None:
        for message in self._read((topics.RECORD,), partitions):
            subject, _, rest = _key_of(message).partition("\x00")
            item, _, key = rest.partition("\x00")
            if not chosen(subject):
                continue
            name = f"record {item} {key}"
            if subject.startswith(PERSON_PREFIX) or item in self._persons:
                found.faults.append(StateDifference(subject, name, "a record", "none: persons are in a topic apart"))
                continue
            try:
                envelope, _, schema_id, payload = self._decode.record(message.value() or b"")
            except PoisonMessage as problem:
                found.faults.append(StateDifference(subject, name, problem.message, "a record"))
                continue
            held = found.records.setdefault(subject, {})
            held[ItemId(item), RecordKey(key)] = Record(envelope, schema_id, payload)
            found.met(subject, message.partition() or 0)

    def _read_days(self, partitions: list[int], before: Positions, after: Positions, found: TopicContents) -> None:
        for message in self._read((topics.CALENDAR,), partitions):
            source = TopicPartition(topics.CALENDAR, message.partition() or 0)
            # While the merge goes on to a new day, some states are of that day and others are not yet.
            if (message.offset() or 0) < before.get(source, 0) == after.get(source, 0):
                day = business_date_of(self._decode, message.value())
                if day is not None:
                    found.days[source[1]] = max(day, found.days.get(source[1], day))

    def _read_events(
        self, partitions: list[int], chosen: Chosen, before: Positions, after: Positions, found: TopicContents
    ) -> None:
        # Made once for each partition, not for each of its messages.
        sources: dict[tuple[str, int], TopicPartition] = {}
        for message in self._read(self._inputs, partitions):
            read_from = (message.topic() or "", message.partition() or 0)
            source = sources.get(read_from)
            if source is None:
                source = sources[read_from] = TopicPartition(self._config.name_of(read_from[0]), read_from[1])
            offset = message.offset() or 0
            if offset >= after.get(source, 0):
                found.pending += 1
                continue
            try:
                envelope, _, schema_id, payload = self._decode.envelope(message.value() or b"")
            except PoisonMessage:
                # For the merge it is a dead letter, too; `credithub reconcile` counts these.
                continue
            subject = envelope.subject
            if partition_of(subject, self._config.partitions) != source[1]:
                continue  # a dead letter, too
            if subject.startswith(PERSON_PREFIX) or envelope.item in self._persons or not chosen(subject):
                continue
            found.met(subject, source[1])
            if offset >= before.get(source, 0):
                found.moved.add(subject)
            else:
                found.events.setdefault(subject, []).append(Record(envelope, schema_id, payload))

    def _read(self, names: Iterable[str], partitions: list[int] | None) -> Iterator[Message]:
        count = 0
        for _, message in scan_topics(self._config, dict.fromkeys(names, 0), partitions=partitions):
            yield message
            count += 1
            if count % _SAY_EVERY == 0:
                self._on_read(_SAY_EVERY)
        self._on_read(count % _SAY_EVERY)


def _key_of(message: Message) -> str:
    return (message.key() or b"").decode(errors="replace")
