"""The arrow to a bank: what it must get of the changes, what it got, and whether its topic is whole."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from bus import topics
from bus.avro.decoding import Decoder
from bus.avro.registry import Registry, full_name
from bus.reading.offsets import TopicPartition
from bus.reading.topic_reader import TopicReader
from catalogue import wire
from catalogue.errors import PoisonMessage
from proofs.reconcile.bank_content import addressed, of_indicators, told_of_record
from proofs.reconcile.bank_due import BankDue
from proofs.reconcile.decoding import PlainDecoder
from proofs.reconcile.expectations import ExpectedCounts, outside
from proofs.reconcile.findings import Findings, bank_arrow
from sinks.snapshots import Snapshot

_INDICATORS = full_name(wire.BANK_INDICATORS)
_64_BITS = (1 << 64) - 1


class SequenceRun(NamedTuple):
    """The sequences of one subject in a bank's topic; ``digest``: None where a gap or a repeat was named already."""

    first: int
    last: int
    partition: int
    digest: int | None


@dataclass(slots=True)
class BankDelivery:
    """What a bank got, by subject."""

    sequences: dict[str, int] = field(default_factory=dict)  # the last one, by the sink's own memory
    runs: dict[str, SequenceRun] = field(default_factory=dict)


@dataclass(slots=True)
class ExpectedDeliveries(ExpectedCounts):
    """What a bank must have got of each subject."""

    due: BankDue = field(kw_only=True)
    firsts: Mapping[str, int] = field(default_factory=dict)  # the first one of a subject that its topic still has
    digests: Counter[str] = field(default_factory=Counter)  # of all messages from there on

    def expect(self, subject: str, partition: int, offset: int, messages: Sequence[int]) -> None:
        """Count what one change brings to the bank; ``messages``: a hash of the content of each message."""
        if offset < self.window.after.get(partition, 0):
            self._add(subject, messages)
        self.count(subject, partition, offset, len(messages))

    def expect_past(self, before: Sequence[Snapshot]) -> None:
        """Count what the bank was told up to its last snapshot, and by it; ``before``: when the scan began."""
        if not self.due.has_begun:
            return
        for told in self.due.past(0, self.due.snapshots[0].positions, {}):
            if not told.number:
                self.expect(told.subject, told.partition, told.offset, told.contents)
                continue
            is_certain = told.number <= len(before) and told.offset < before[told.number - 1].told_to.get(
                told.partition, 0
            )
            self._add(told.subject, told.contents)
            self.count_told(told.subject, told.partition, len(told.contents), is_certain=is_certain)

    def _add(self, subject: str, messages: Sequence[int]) -> None:
        first = self.firsts.get(subject, 1)
        for sequence, content in enumerate(messages, self.most[subject] + 1):
            if sequence >= first:
                self.digests[subject] = _added(self.digests[subject], sequence, content)


def read_sequences(reader: TopicReader, decode: PlainDecoder, partitions: Iterable[TopicPartition]) -> dict[str, int]:
    """Return the last sequence of each subject that a bank's sink remembers."""
    sequences: dict[str, int] = {}
    for message in reader.read_all(partitions):
        value: dict[str, Any] = decode(message.value())
        sequences[value["subject"]] = value["sequence"]
    return sequences


class ToldReader:
    """Reads what a bank was told: subject, sequence and the hash of the content."""

    def __init__(self, registry: Registry) -> None:
        self._plain, self._decode = PlainDecoder(registry), Decoder(registry)

    def __call__(self, message: bytes | None) -> tuple[str, int, int]:
        """Return them of one message; raises PoisonMessage when it cannot be read."""
        raw = message or b""
        if self._plain.name(raw) == _INDICATORS:
            value = self._plain(raw)
            content = of_indicators(value["subject_name"], value["as_of"], value["indicators"])
            content = addressed(content, "", value["policy"])
        else:
            value = self._decode(raw)
            content = told_of_record(value)
        return value["subject"], value["sequence"], content


def read_topic(
    reader: TopicReader, told: ToldReader, partitions: Iterable[TopicPartition], bank: str, findings: Findings
) -> dict[str, SequenceRun]:
    """Return what a bank's topic holds of each subject; note every gap and repeat."""
    runs: dict[str, SequenceRun] = {}
    arrow = bank_arrow(bank)
    for message in reader.read_all(partitions):
        partition = message.partition()
        where = f"{topics.bank_topic(bank)}/{partition}@{message.offset()}"
        try:
            subject, sequence, content = told(message.value())
        except PoisonMessage as problem:
            findings.unreadable(arrow, where, problem)
            continue
        run_so_far = runs.get(subject)
        if run_so_far is None:
            runs[subject] = SequenceRun(sequence, sequence, partition, _added(0, sequence, content))
        elif sequence <= run_so_far.last:
            findings.differ(arrow, where, f"double sequence {sequence} of {subject}")
            runs[subject] = run_so_far._replace(digest=None)
        elif sequence == run_so_far.last + 1:
            digest = None if run_so_far.digest is None else _added(run_so_far.digest, sequence, content)
            runs[subject] = SequenceRun(run_so_far.first, sequence, run_so_far.partition, digest)
        else:
            text = f"sequence {sequence} of {subject} after {run_so_far.last}"
            findings.differ(arrow, where, text, sequence - run_so_far.last - 1)
            runs[subject] = run_so_far._replace(last=sequence, digest=None)
    return runs


def _added(digest: int, sequence: int, content: int) -> int:
    return digest + hash((sequence, content)) & _64_BITS


def compare(
    bank: str, expected: ExpectedDeliveries, delivered: BankDelivery, starts: Mapping[int, int], findings: Findings
) -> None:
    """Compare what a bank got with what the changes hold for it; ``starts``: the first offset kept, by partition."""
    arrow, topic = findings.arrow(bank_arrow(bank)), topics.bank_topic(bank)
    moving = {p for p, offset in expected.window.after.items() if expected.window.before.get(p, 0) != offset}
    arrow.entered = expected.total
    for subject in expected.partition.keys() | delivered.sequences.keys():
        last_sequence, run = delivered.sequences.get(subject, 0), delivered.runs.get(subject)
        partition = expected.partition.get(subject, run.partition if run else -1)
        arrow.merged += last_sequence
        low, high = expected.least[subject], expected.most[subject]
        off = outside(last_sequence, low, high)
        if off:
            text = f"{subject}: {high} changes to tell, {last_sequence} told"
            findings.differ(bank_arrow(bank), f"{topic}/{partition}", text, off)
        if partition not in moving:
            _compare_run(bank, subject, last_sequence, run, starts.get(partition, 0) == 0, partition, findings)
            if (
                run is not None
                and low == last_sequence == run.last
                and run.digest not in (None, expected.digests[subject])
            ):
                # Which message differs is not known: one digest is kept of each subject.
                text = f"{subject}: of {last_sequence} messages, some say something else than the changes"
                findings.differ(bank_arrow(bank), f"{topic}/{partition}", text)
    arrow.pending = max(0, expected.total - sum(expected.most.values()))
    # How much a snapshot still has to tell, or one that has not begun, is not known: something.
    arrow.pending += not expected.due.is_settled


def _compare_run(
    bank: str,
    subject: str,
    last_sequence: int,
    run: SequenceRun | None,
    is_complete: bool,
    partition: int,
    findings: Findings,
) -> None:
    """Compare what the topic holds with the last sequence.

    ``is_complete``: retention has deleted nothing of the topic yet.
    """
    name, where = bank_arrow(bank), f"{topics.bank_topic(bank)}/{partition}"
    if run is None:
        if is_complete and last_sequence:
            findings.differ(name, where, f"{subject}: {last_sequence} told, the topic holds none", last_sequence)
        return
    if run.last != last_sequence:
        findings.differ(
            name, where, f"{subject}: {last_sequence} told, the topic ends at {run.last}", abs(run.last - last_sequence)
        )
    if is_complete and run.first != 1:
        findings.differ(name, where, f"{subject}: the topic begins at {run.first}", run.first - 1)
