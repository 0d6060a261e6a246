"""The arrow to a bank: what the changes hold for it, what it was told, and whether its topic is whole."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from bus import topics
from bus.avro.registry import full_name
from bus.reading.offsets import TopicPartition
from bus.reading.topic_reader import TopicReader
from catalogue import wire
from catalogue.errors import PoisonMessage
from proofs.reconcile.expected import Expected
from proofs.reconcile.findings import Findings, bank_arrow
from proofs.reconcile.reading import BANK_HEAD, Plain, head

_INDICATORS = full_name(wire.BANK_INDICATORS)
_64_BITS = (1 << 64) - 1


class Run(NamedTuple):
    """What a bank's topic still holds of one subject; ``digest``: None where a gap or a repeat was named already."""

    first: int
    last: int
    partition: int
    digest: int | None


@dataclass(slots=True)
class Delivered:
    """What a bank was told, by subject."""

    sequences: dict[str, int] = field(default_factory=dict)  # the last one
    runs: dict[str, Run] = field(default_factory=dict)


@dataclass(slots=True)
class Due(Expected):
    """What a bank has to have been told of each subject."""

    firsts: Mapping[str, int] = field(default_factory=dict)  # the sequence from which on its topic holds a subject
    digests: Counter[str] = field(default_factory=Counter)  # of what it was told from there on

    def tell(self, subject: str, partition: int, offset: int, told: Sequence[int]) -> None:
        """Count what one change brings to the bank: hashes of what each of its messages says."""
        if offset < self.window.after.get(partition, 0):
            first = self.firsts.get(subject, 1)
            for sequence, what in enumerate(told, self.most[subject] + 1):
                if sequence >= first:
                    self.digests[subject] = _added(self.digests[subject], sequence, what)
        self.take(subject, partition, offset, len(told))


def hash_of_record(item: str, record_key: str, op: str) -> int:
    """Return what stands, within this process, for a message about a record."""
    return hash((item, record_key, op))


def hash_of_indicators(as_of: int, values: Mapping[str, bytes | None]) -> int:
    """Return what stands, within this process, for a message about indicators; decimals as on the wire."""
    return hash((as_of, frozenset((name, _whole(value)) for name, value in values.items())))


def read_sequences(reader: TopicReader, plain: Plain, places: Iterable[TopicPartition]) -> dict[str, int]:
    """Return the last sequence of each subject that a bank's sink remembers."""
    found: dict[str, int] = {}
    for message in reader.read(dict.fromkeys(places, 0)):
        value: dict[str, Any] = plain(message.value())
        found[value["subject"]] = value["sequence"]
    return found


def read_topic(
    reader: TopicReader, plain: Plain, places: Iterable[TopicPartition], bank: str, findings: Findings
) -> dict[str, Run]:
    """Return what a bank's topic holds of each subject; note every gap and repeat."""
    found: dict[str, Run] = {}
    arrow = bank_arrow(bank)
    for message in reader.read(dict.fromkeys(places, 0)):
        number = message.partition()
        place = f"{topics.bank_topic(bank)}/{number}@{message.offset()}"
        try:
            subject, sequence, what = _said(plain, message.value())
        except PoisonMessage as problem:
            findings.differ(arrow, place, f"unreadable: {problem.message}")
            continue
        held = found.get(subject)
        if held is None:
            found[subject] = Run(sequence, sequence, number, _added(0, sequence, what))
        elif sequence <= held.last:
            findings.differ(arrow, place, f"double sequence {sequence} of {subject}")
            found[subject] = held._replace(digest=None)
        elif sequence == held.last + 1:
            digest = None if held.digest is None else _added(held.digest, sequence, what)
            found[subject] = Run(held.first, sequence, held.partition, digest)
        else:
            text = f"sequence {sequence} of {subject} after {held.last}"
            findings.differ(arrow, place, text, sequence - held.last - 1)
            found[subject] = held._replace(last=sequence, digest=None)
    return found


def _said(plain: Plain, message: bytes | None) -> tuple[str, int, int]:
    """Return subject, sequence and the hash of what is said; raises PoisonMessage."""
    if plain.name(message) == _INDICATORS:
        value = plain(message)
        return value["subject"], value["sequence"], hash_of_indicators(value["as_of"], value["indicators"])
    value = head(message, BANK_HEAD)
    what = hash_of_record(value["item"], value["record_key"], value["op"])
    return value["subject"], value["sequence"], what


def _added(digest: int, sequence: int, what: int) -> int:
    return digest + hash((sequence, what)) & _64_BITS


def _whole(value: bytes | None) -> int | None:
    return None if value is None else int.from_bytes(value, "big", signed=True)


def compare(bank: str, expected: Due, delivered: Delivered, starts: Mapping[int, int], findings: Findings) -> None:
    """Compare what a bank was told with what the changes hold for it; ``starts``: first offset kept, by partition."""
    arrow, topic = findings.arrow(bank_arrow(bank)), topics.bank_topic(bank)
    moving = {p for p, offset in expected.window.after.items() if expected.window.before.get(p, 0) != offset}
    arrow.entered = expected.total
    for subject in expected.partition.keys() | delivered.sequences.keys():
        told, run = delivered.sequences.get(subject, 0), delivered.runs.get(subject)
        number = expected.partition.get(subject, run.partition if run else -1)
        arrow.merged += told
        low, high = expected.least[subject], expected.most[subject]
        if not low <= told <= high:
            off = low - told if told < low else told - high
            text = f"{subject}: {high} changes to tell, {told} told"
            findings.differ(bank_arrow(bank), f"{topic}/{number}", text, off)
        if number not in moving:
            _compare_run(bank, subject, told, run, starts.get(number, 0) == 0, number, findings)
            if run is not None and low == told == run.last and run.digest not in (None, expected.digests[subject]):
                # Not of which message: what is kept of a subject is one number.
                text = f"{subject}: of {told} messages, some say something else than the changes"
                findings.differ(bank_arrow(bank), f"{topic}/{number}", text)
    arrow.pending = max(0, expected.total - sum(expected.most.values()))


def arrow_name(bank: str) -> str:
    """Return the name of a bank's arrow."""
    return bank_arrow(bank)


def _compare_run(
    bank: str, subject: str, told: int, run: Run | None, whole: bool, number: int, findings: Findings
) -> None:
    """Compare what the topic holds with the last sequence; a ``whole`` topic has lost nothing to retention."""
    name, place = bank_arrow(bank), f"{topics.bank_topic(bank)}/{number}"
    if run is None:
        if whole and told:
            findings.differ(name, place, f"{subject}: {told} told, the topic holds none", told)
        return
    if run.last != told:
        findings.differ(name, place, f"{subject}: {told} told, the topic ends at {run.last}", abs(run.last - told))
    if whole and run.first != 1:
        findings.differ(name, place, f"{subject}: the topic begins at {run.first}", run.first - 1)
