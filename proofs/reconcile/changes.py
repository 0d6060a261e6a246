"""The change arrow: whole sequences, the same as the states'; and what of each change a receiver has to get."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from bus import topics
from bus.avro.decoding import Decoder
from bus.avro.registry import Registry
from bus.reading.offsets import TopicPartition
from bus.reading.topic_reader import TopicReader
from catalogue.avro import bank_schema
from catalogue.envelope import PERSON_PREFIX, SET_MARK, UNIT_PREFIX, changelog_key
from catalogue.errors import PoisonMessage
from catalogue.model import Catalogue
from proofs.reconcile import banks
from proofs.reconcile.findings import CHANGES, Findings
from proofs.reconcile.reading import STATE_HEAD, Plain, head, stamp
from proofs.reconcile.records import Records, named
from proofs.reconcile.upstream import Due
from rules.release.visible import VisibleChange, moved_indicators, visible


class State(NamedTuple):
    """What of a subject's newest state is compared."""

    sequence: int
    hash: str
    as_of: int  # days since 1970
    name: str | None
    partition: int
    offset: int


def read_states(reader: TopicReader, places: Iterable[TopicPartition], findings: Findings) -> dict[str, State]:
    """Return the newest state of each subject; note what was written twice or over a newer one."""
    found: dict[str, State] = {}
    for message in reader.read(dict.fromkeys(places, 0)):
        place = f"{topics.STATE}/{message.partition()}@{message.offset()}"
        try:
            value = head(message.value(), STATE_HEAD)
        except PoisonMessage as problem:
            findings.differ(CHANGES, place, f"unreadable: {problem.message}")
            continue
        subject = value["subject"]
        seen = State(
            value["sequence"],
            value["hash"],
            value["as_of"],
            value["subject_name"],
            message.partition(),
            message.offset(),
        )
        held = found.get(subject)
        if held is not None:
            if held[:4] == seen[:4]:
                findings.differ(CHANGES, place, f"double state of {subject}")
            elif held.sequence > seen.sequence:
                findings.differ(CHANGES, place, f"an older state over a newer one of {subject}")
        found[subject] = seen
    return found


class Deliverable:
    """Says what of a change a receiver of the public projection has to get, by the sinks' own rules."""

    def __init__(self, catalogue: Catalogue, registry: Registry, public_indicators: frozenset[str]) -> None:
        self._public, self._payload = public_indicators, Decoder(registry).payload
        self._items = {item.id: item for item in catalogue.items}
        self._banks = {item.id for item in catalogue.items if bank_schema(item) is not None}

    def records(self, change: Mapping[str, Any]) -> list[VisibleChange]:
        """Return the record changes that a receiver can see; what cannot be read no sink tells anybody."""
        return list(visible(change, self._items, self._payload, "bank", lambda record, problem: None))

    def told(self, change: Mapping[str, Any], turned: Iterable[VisibleChange]) -> list[int]:
        """Return what a bank is told of a change, of which these records changed visibly: a hash of each message."""
        told = [
            banks.hash_of_record(one.record["item"], one.record["record_key"], one.op.value)
            for one in turned
            if one.item.id in self._banks
        ]
        indicators = moved_indicators(change, self._public)
        return [*told, banks.hash_of_indicators(change["as_of"], indicators)] if indicators else told


@dataclass(slots=True)
class Changes:
    """What the scan of the changes found."""

    sequences: Counter[str] = field(default_factory=Counter)  # subject -> last of 1…n
    partition: dict[str, int] = field(default_factory=dict)
    written: Counter[str] = field(default_factory=Counter)  # subject -> changes that PostgreSQL has read
    written_to: dict[str, int] = field(default_factory=dict)  # subject -> the highest sequence of these
    unread: int = 0  # changes that it has not
    last: dict[bytes, bytes] = field(default_factory=dict)  # record -> version of its last change


def read_changes(
    reader: TopicReader,
    plain: Plain,
    places: Iterable[TopicPartition],
    deliver: Deliverable,
    receivers: Mapping[str, banks.Due],
    due: Due | None,
    database: Mapping[int, int],
    findings: Findings,
) -> Changes:
    """Scan the changes once for all that depends on them: ``receivers`` and ``due`` are filled."""
    found = Changes()
    arrow = findings.arrow(CHANGES)
    for message in reader.read(dict.fromkeys(places, 0)):
        number, offset = message.partition(), message.offset()
        place = f"{topics.CHANGE}/{number}@{offset}"
        arrow.entered += 1
        try:
            change = plain(message.value())
        except PoisonMessage as problem:
            findings.differ(CHANGES, place, f"unreadable: {problem.message}")
            continue
        subject, expected = change["subject"], found.sequences[change["subject"]] + 1
        if change["sequence"] == expected:
            arrow.merged += 1
            found.sequences[subject] = expected
        elif change["sequence"] < expected:
            findings.differ(CHANGES, place, f"double sequence {change['sequence']} of {subject}")
        else:
            text = f"sequence {change['sequence']} of {subject} after {expected - 1}"
            findings.differ(CHANGES, place, text, change["sequence"] - expected)
            arrow.merged += 1
            found.sequences[subject] = change["sequence"]
        found.partition[subject] = number
        if offset < database.get(number, 0):
            found.written[subject] += 1
            found.written_to[subject] = max(change["sequence"], found.written_to.get(subject, 0))
        else:
            found.unread += 1
        for record in change["records"]:
            key = changelog_key(subject, record["item"], record["record_key"])
            found.last[key] = stamp(record["source_time"], record["revision"], record["content_hash"])
        turned = deliver.records(change)
        told = deliver.told(change, turned)
        for bank in receivers.values():
            bank.tell(subject, number, offset, told)
        if due is not None:
            due.take(change, turned, (number, offset))
    return found


def compare(
    found: Changes, states: Mapping[str, State], records: Records, moving: frozenset[int], findings: Findings
) -> None:
    """Compare the changes with the states and the records; ``moving`` partitions may be ahead of either."""
    for subject, sequence in found.sequences.items():
        state, number = states.get(subject), found.partition[subject]
        said = state.sequence if state else 0
        if said != sequence and not (number in moving and said < sequence):
            place = f"{topics.STATE}/{number}"
            findings.differ(CHANGES, place, f"{subject}: state at {said}, changes at {sequence}", abs(said - sequence))
    for subject, state in states.items():
        if state.sequence and subject not in found.sequences:
            place = f"{topics.CHANGE}/{state.partition}"
            findings.differ(CHANGES, place, f"{subject}: state at {state.sequence}, no change", state.sequence)
    silent = b"\x00" + SET_MARK.encode()
    for key, held in records.items():
        if key.endswith(silent) or key.startswith((PERSON_PREFIX.encode(), UNIT_PREFIX.encode())):
            continue
        last = found.last.get(key)
        if last != held.stamp and held.partition not in moving:
            what = "no change of" if last is None else "the last change is another version of"
            findings.differ(CHANGES, f"{topics.CHANGE}/{held.partition}", f"{what} {named(key)}")
