"""The arrow of the merge: the events between two of its positions, against the records and counts that came of them.

The merge publishes its position, its counts and its records in one transaction. So every event before a position has
its outcome in the counts, and the record that it won is there. Which event won is known without the past: a key's
newest record is never older than the highest event of the window. Where no record came, the event is counted as a
duplicate or as superseded, or it was lost: the counts say how many there may be.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from bus import topics
from bus.reading.offsets import TopicPartition
from catalogue.envelope import PERSON_PREFIX, SET_MARK, UNIT_PREFIX, Op, changelog_key, is_mark
from proofs.continuous.moment import FactKind, ProvenMoment
from proofs.reconcile.decoding import content, stamp
from proofs.reconcile.findings import CHANGES, MERGE
from proofs.reconcile.records import named

OUTCOMES = ("merged", "duplicate", "superseded", "rejected")
_NAMED_AT_MOST = 5
_RECORDS = f"{MERGE} records"


class WindowRecord(NamedTuple):
    """A record: its stamp, the hash of its event's id (0 where the pass before saw it), and its partition."""

    stamp: bytes
    event: int
    partition: int


@dataclass(slots=True)
class WindowEvents:
    """What the window says of one record key, in the order in which the merge read it."""

    source: TopicPartition
    stamps: list[bytes] = field(default_factory=list)
    counted: int = 0  # those that have an outcome: a set's mark has none

    @property
    def highest(self) -> bytes:
        """Return the highest version."""
        return max(self.stamps)

    def passed_over(self) -> int:
        """Return how many of them cannot have been merged, whatever the window began with; at least so many were not.

        An older winner that is unknown here can only take a merged event for another.
        """
        highest, count = b"", 0
        for version in self.stamps:
            if version > highest:
                count += bool(highest) and content(version) == content(highest)
                highest = version
            else:
                count += 1
        return count

    def says_one_thing(self) -> bool:
        """Whether all of them have the same content."""
        return len({content(version) for version in self.stamps}) == 1


@dataclass(slots=True)
class _PassedOver:
    """Events that cannot have been merged, by the partition they came from, and the keys that say so."""

    counts: Counter[TopicPartition] = field(default_factory=Counter)
    keys: dict[TopicPartition, list[bytes]] = field(default_factory=dict)

    def add(self, source: TopicPartition, count: int, key: bytes | None = None) -> None:
        self.counts[source] += count
        if key is not None and count:
            self.keys.setdefault(source, []).append(key)


class MergedEvents:
    """One window of the arrow. The positions are read first; the records to an end behind them."""

    def __init__(self, moment: ProvenMoment) -> None:
        self._moment = moment
        self.events: dict[bytes, WindowEvents] = {}
        self.records: dict[bytes, list[WindowRecord]] = {}
        self.replaced_sets: set[bytes] = set()  # subject and item
        self._newly_counted: dict[TopicPartition, Counter[str]] = {}
        self._counted: Counter[TopicPartition] = Counter()  # all messages before the positions
        self._poison: list[str] = []
        self._dead_letters: list[str] = []
        ahead = [token.rsplit("\x00", 2) for token in moment.balance(_RECORDS).ahead]
        for key, version, partition in sorted(ahead):
            own = self.records.setdefault(key.encode(), [])
            own.append(WindowRecord(bytes.fromhex(version), 0, int(partition)))

    def take_position(self, value: Mapping[str, Any]) -> None:
        """Take how far the merge came in a partition of its input, and its counts."""
        source = TopicPartition(value["topic"], value["partition"])
        before = self._moment.positions.get(source, {})
        now = {name: int(value[name]) for name in ("next_offset", *OUTCOMES)}
        more = Counter({name: now[name] - before.get(name, 0) for name in OUTCOMES})
        self._newly_counted.setdefault(source, Counter()).update(more)
        self._moment.positions[source] = now
        self._moment.touch(FactKind.POSITION, source)

    def take_message(self, source: TopicPartition) -> None:
        """Count a message before the merge's position, whatever it is."""
        self._counted[source] += 1

    def take_event(self, source: TopicPartition, event: Mapping[str, Any]) -> None:
        """Take an event before the merge's position."""
        subject, item = event["subject"], event["item"]
        own = self._of(source, changelog_key(subject, item, event["record_key"]))
        own.stamps.append(stamp(event))
        own.counted += 1
        if event["replaces_set"] and event["op"] != Op.WITHDRAW:
            mark = self._of(source, changelog_key(subject, item, _mark_key(event)))
            mark.stamps.append(stamp(event, ""))
            self.replaced_sets.add(f"{subject}\0{item}".encode())

    def _of(self, source: TopicPartition, key: bytes) -> WindowEvents:
        own = self.events.get(key)
        if own is None:
            own = self.events[key] = WindowEvents(source)
        return own

    def take_poison(self, source: TopicPartition, offset: int) -> None:
        """Take a message before the merge's position that nobody can read."""
        self._poison.append(f"{source.topic}/{source.partition}@{offset}")

    def take_dead_letter(self, value: Mapping[str, Any]) -> None:
        """Take a message that the merge has set aside."""
        if (value["source_topic"] or "").startswith(("catalogue.", topics.CALENDAR)):
            self._dead_letters.append(f"{value['source_topic']}/{value['source_partition']}@{value['source_offset']}")

    def take_record(self, value: Mapping[str, Any], message_key: bytes | None, partition: int, where: str) -> None:
        """Take a record; note one that was written twice, or over a newer one."""
        key = changelog_key(value["subject"], value["item"], value["record_key"])
        if key != message_key:
            self._moment.differ(MERGE, where, f"the key is not that of the record {named(key)}")
        record = WindowRecord(stamp(value), hash(value["event_id"]), partition)
        own = self.records.setdefault(key, [])
        if own and own[-1][:2] == record[:2]:
            self._moment.differ(MERGE, where, f"double: {named(key)}")
        elif own and own[-1].stamp > record.stamp:
            self._moment.differ(MERGE, where, f"an older version over a newer one: {named(key)}")
        own.append(record)

    def settle(self, changed: Mapping[bytes, Collection[bytes]]) -> None:
        """Compare the window; ``changed``: the versions that its changes tell, by record key."""
        self._settle_counts()
        unrecorded, untold = _PassedOver(), _PassedOver()
        for key, own in self.events.items():
            own_records = self.records.get(key)
            if own_records is None:
                if any(version in changed.get(key, ()) for version in own.stamps):
                    place = f"{record_topic(key)}/{own.source.partition}"
                    self._moment.differ(MERGE, place, f"lost, and a change tells of it: {named(key)}")
                unrecorded.add(own.source, own.counted, key)
                continue
            if own_records[-1].stamp < own.highest:
                place = f"{record_topic(key)}/{own.source.partition}"
                self._moment.differ(MERGE, place, f"not the version that won: {named(key)}")
            if own.counted:
                certain = own.passed_over()
                unrecorded.add(own.source, certain)
                if own.says_one_thing() and _is_told(key) and key not in changed:
                    # The same content for a later moment raises the record, and nobody is told: all are duplicates.
                    untold.add(own.source, own.counted - certain, key)
        for source in unrecorded.counts.keys() | untold.counts.keys():
            counts = self._newly_counted.get(source, Counter())
            spare = counts["duplicate"] + counts["superseded"] - unrecorded.counts[source]
            self._tell_lost(MERGE, source, -spare, unrecorded, "counted as merged, and no record holds them")
            lost = untold.counts[source] - max(0, spare)
            self._tell_lost(CHANGES, source, lost, untold, "counted as merged, and no change tells of them")
        self._settle_ahead()

    def _tell_lost(self, arrow: str, source: TopicPartition, lost: int, passed: "_PassedOver", what: str) -> None:
        if lost > 0:
            keys = ", ".join(named(key) for key in passed.keys.get(source, [])[:_NAMED_AT_MOST])
            self._moment.differ(arrow, _place(source), f"{lost} {what}" + (f"; of: {keys}" if keys else ""), lost)

    def _settle_counts(self) -> None:
        for source, counts in self._newly_counted.items():
            off = sum(counts.values()) - self._counted[source]
            if off:
                what = f"{sum(counts.values())} outcomes of {self._counted[source]} messages"
                self._moment.differ(MERGE, _place(source), what, abs(off))
        for one in self._moment.balance(f"{MERGE} dead letters").settle(self._poison, self._dead_letters):
            problem = (
                "set aside, and not unreadable" if one.was_seen else "unreadable, and not set aside in rejected.v1"
            )
            self._moment.differ(MERGE, one.token, problem, one.times)

    def _settle_ahead(self) -> None:
        """Every record has to be of an event, of this window or, when it was published meanwhile, of the next one."""
        balance = self._moment.balance(_RECORDS)
        wanted = {_token(key, one.stamp, one.partition) for key, own in self.records.items() for one in own}
        due = {_token(key, version, own.source.partition) for key, own in self.events.items() for version in own.stamps}
        # Of an event that won nothing there is nothing to see.
        for one in balance.settle(due & wanted, wanted - balance.ahead.keys()):
            if one.was_seen:
                key, _, partition = one.token.rsplit("\x00", 2)
                place = f"{record_topic(key.encode())}/{partition}"
                self._moment.differ(MERGE, place, f"a record of no event: {named(key.encode())}", one.times)


def record_topic(key: bytes) -> str:
    """Return the topic that a record's key belongs to."""
    return topics.PERSON_RECORD if key.startswith(PERSON_PREFIX.encode()) else topics.RECORD


def _is_told(key: bytes) -> bool:
    """Whether a record's change is told to anybody: not that of a person, a reporting unit or a set's mark."""
    stateless = key.startswith((PERSON_PREFIX.encode(), UNIT_PREFIX.encode()))
    return not stateless and not is_mark(key.rpartition(b"\x00")[2].decode())


def _token(key: bytes, version: bytes, partition: int) -> str:
    return f"{key.decode()}\x00{version.hex()}\x00{partition}"


def _place(source: TopicPartition) -> str:
    return f"{source.topic}/{source.partition}"


def _mark_key(event: Mapping[str, Any]) -> str:
    period = event["period"]
    of_period = period is not None and event["record_key"].startswith(period + "|")
    return f"{SET_MARK}#{period}" if of_period else SET_MARK
