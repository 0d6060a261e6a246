"""The change arrow: sequences without a gap, the same as the states'; and what of each change a receiver must get."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from confluent_kafka import Message

from bus import topics
from bus.reading.offsets import TopicPartition
from bus.reading.topic_reader import TopicReader
from catalogue.envelope import PERSON_PREFIX, UNIT_PREFIX, changelog_key, is_mark
from catalogue.errors import PoisonMessage
from proofs.reconcile.decoding import PlainDecoder, content, stamp
from proofs.reconcile.findings import CHANGES, Findings
from proofs.reconcile.records import Records, named
from proofs.reconcile.upstream import ExpectedReceipts

_DIGEST_MODULUS = 1 << 128


class PublishedState(NamedTuple):
    """The part of a subject's newest state that is compared."""

    sequence: int
    hash: str
    as_of: int  # days since 1970
    name: str | None
    named_by: int  # a hash of the stamp of what gave the name
    partition: int
    offset: int
    indicators: str
    """The sum of the hashes of the values of all its indicators."""


class PublishedValues(NamedTuple):
    """The part of the newest values of an item's indicators of a subject that is compared."""

    sequence: int
    hash: str
    partition: int
    offset: int


Values = Mapping[tuple[str, str], PublishedValues]
"""By subject and item; of ratings by subject and model, of lists by subject and list."""


def _readable(
    reader: TopicReader, decode: PlainDecoder, partitions: Iterable[TopicPartition], topic: str, findings: Findings
) -> Iterator[tuple[Message, str, dict[str, Any]]]:
    """Yield the messages of a topic with their places and values; note those that cannot be read."""
    for message in reader.read_all(partitions):
        where = f"{topic}/{message.partition()}@{message.offset()}"
        try:
            value = decode(message.value())
        except PoisonMessage as problem:
            findings.unreadable(CHANGES, where, problem)
        else:
            yield message, where, value


def read_values(
    reader: TopicReader,
    decode: PlainDecoder,
    partitions: Iterable[TopicPartition],
    findings: Findings,
    topic: str = topics.INDICATOR,
    of: str = "item",
) -> dict[tuple[str, str], PublishedValues]:
    """Return the newest values of each subject's item; note those that were written twice, or over newer ones.

    Or the newest ratings, which are of a subject and a model, or memberships, of a list: ``of`` names that field.
    """
    values: dict[tuple[str, str], PublishedValues] = {}
    for message, where, value in _readable(reader, decode, partitions, topic, findings):
        key = (value["subject"], value[of])
        told = PublishedValues(value["sequence"], value["hash"], message.partition(), message.offset())
        earlier = values.get(key)
        if earlier is not None:
            if earlier[:2] == told[:2]:
                findings.differ(CHANGES, where, f"double values of {' '.join(key)}")
            elif earlier.sequence > told.sequence:
                findings.differ(CHANGES, where, f"older values over newer ones of {' '.join(key)}")
        values[key] = told
    return values


def compare_values(
    states: Mapping[str, PublishedState], values: Values, moving: frozenset[int], findings: Findings
) -> None:
    """Compare the values of each subject's indicators with what its state says that they come to."""
    sums: Counter[str] = Counter()
    place: dict[str, int] = {}
    for (subject, _), told in values.items():
        sums[subject] += int(told.hash, 16)
        place[subject] = told.partition
    for subject in sorted(states.keys() | sums.keys()):
        state = states.get(subject)
        if (place[subject] if state is None else state.partition) in moving:
            continue
        # A state of before says nothing of them, until its subject is touched.
        if state is None or (state.indicators and f"{sums[subject] % _DIGEST_MODULUS:032x}" != state.indicators):
            findings.differ(CHANGES, topics.INDICATOR, f"the indicators of {subject} are not those of its state")


def read_states(
    reader: TopicReader, decode: PlainDecoder, partitions: Iterable[TopicPartition], findings: Findings
) -> dict[str, PublishedState]:
    """Return the newest state of each subject; note one that was written twice, or over a newer one.

    The same name, given again for a later moment, is a new state of the same sequence.
    """
    states: dict[str, PublishedState] = {}
    for message, where, value in _readable(reader, decode, partitions, topics.STATE, findings):
        subject = value["subject"]
        state = PublishedState(
            value["sequence"],
            value["hash"],
            value["as_of"],
            value["subject_name"],
            hash(tuple((value["named_by"] or {}).items())),
            message.partition(),
            message.offset(),
            value.get("indicators_digest", ""),
        )
        earlier = states.get(subject)
        if earlier is not None:
            if earlier[:5] == state[:5]:
                findings.differ(CHANGES, where, f"double state of {subject}")
            elif earlier.sequence > state.sequence:
                findings.differ(CHANGES, where, f"an older state over a newer one of {subject}")
        states[subject] = state
    return states


@dataclass(slots=True)
class ScannedChanges:
    """What the scan of the changes found."""

    sequences: Counter[str] = field(default_factory=Counter)  # subject -> last of 1…n
    partition: dict[str, int] = field(default_factory=dict)
    written: Counter[str] = field(default_factory=Counter)  # subject -> changes that PostgreSQL has read
    written_to: dict[str, int] = field(default_factory=dict)  # subject -> the highest sequence of these
    unread: int = 0  # changes that it has not
    last: dict[bytes, bytes] = field(default_factory=dict)  # record -> version of its last change


def read_changes(
    reader: TopicReader,
    decode: PlainDecoder,
    partitions: Iterable[TopicPartition],
    expected_receipts: ExpectedReceipts | None,
    database: Mapping[int, int],
    findings: Findings,
) -> ScannedChanges:
    """Scan the changes once for everything that depends on them; fills ``expected_receipts``.

    ``database``: the next offset that the PostgreSQL sink will read, by partition.
    """
    scanned = ScannedChanges()
    arrow = findings.arrow(CHANGES)
    for message in reader.read_all(partitions):
        partition, offset = message.partition(), message.offset()
        where = f"{topics.CHANGE}/{partition}@{offset}"
        arrow.entered += 1
        try:
            change = decode(message.value())
        except PoisonMessage as problem:
            findings.unreadable(CHANGES, where, problem)
            continue
        subject, expected = change["subject"], scanned.sequences[change["subject"]] + 1
        if change["sequence"] == expected:
            arrow.merged += 1
            scanned.sequences[subject] = expected
        elif change["sequence"] < expected:
            findings.differ(CHANGES, where, f"double sequence {change['sequence']} of {subject}")
        else:
            text = f"sequence {change['sequence']} of {subject} after {expected - 1}"
            findings.differ(CHANGES, where, text, change["sequence"] - expected)
            arrow.merged += 1
            scanned.sequences[subject] = change["sequence"]
        scanned.partition[subject] = partition
        if offset < database.get(partition, 0):
            scanned.written[subject] += 1
            scanned.written_to[subject] = max(change["sequence"], scanned.written_to.get(subject, 0))
        else:
            scanned.unread += 1
        for record in change["records"]:
            key = changelog_key(subject, record["item"], record["record_key"])
            scanned.last[key] = stamp(record)
        if expected_receipts is not None:
            expected_receipts.expect(change, partition, offset)
    return scanned


def compare(
    scanned: ScannedChanges,
    states: Mapping[str, PublishedState],
    records: Records,
    moving: frozenset[int],
    findings: Findings,
) -> None:
    """Compare the changes with the states and the records. ``moving``: partitions that were written to meanwhile."""
    for subject, sequence in scanned.sequences.items():
        state, partition = states.get(subject), scanned.partition[subject]
        state_sequence = state.sequence if state else 0
        if state_sequence != sequence and not (partition in moving and state_sequence < sequence):
            where = f"{topics.STATE}/{partition}"
            findings.differ(
                CHANGES,
                where,
                f"{subject}: state at {state_sequence}, changes at {sequence}",
                abs(state_sequence - sequence),
            )
    for subject, state in states.items():
        if state.sequence and subject not in scanned.sequences:
            where = f"{topics.CHANGE}/{state.partition}"
            findings.differ(CHANGES, where, f"{subject}: state at {state.sequence}, no change", state.sequence)
    for key, record in records.items():
        stateless = key.startswith((PERSON_PREFIX.encode(), UNIT_PREFIX.encode()))
        if stateless or is_mark(key.rpartition(b"\x00")[2].decode()):
            continue
        last = scanned.last.get(key)
        # The same content for a later moment raises the record alone.
        published = last is not None and last <= record.stamp and content(last) == content(record.stamp)
        if not published and record.partition not in moving:
            problem = "no change of" if last is None else "the last change is another version of"
            findings.differ(CHANGES, f"{topics.CHANGE}/{record.partition}", f"{problem} {named(key)}")
