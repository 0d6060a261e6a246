"""The arrow to a bank: what it must get of the changes, what it got, and whether its topic is whole."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from bus import topics
from bus.reading.offsets import TopicPartition
from bus.reading.topic_reader import TopicReader
from catalogue.errors import PoisonMessage
from proofs.reconcile.bank_due import BankDue, Past
from proofs.reconcile.bank_told import ToldReader
from proofs.reconcile.decoding import PlainDecoder
from proofs.reconcile.expectations import ExpectedCounts, Window, outside
from proofs.reconcile.findings import Findings, bank_arrow
from sinks.snapshots import Snapshot

_64_BITS = (1 << 64) - 1


class SequenceRun(NamedTuple):
    """The sequences of one subject in a bank's topic.

    ``digest``: None where a gap or a repeat was named already. ``entries``: those of the messages about lists.
    """

    first: int
    last: int
    partition: int
    digest: int | None
    entries: tuple[int, ...] = ()


@dataclass(slots=True)
class BankDelivery:
    """What a bank got, by subject."""

    sequences: dict[str, int] = field(default_factory=dict)  # the last one, by the sink's own memory
    runs: dict[str, SequenceRun] = field(default_factory=dict)


@dataclass(slots=True)
class ExpectedDeliveries(ExpectedCounts):
    """What a bank must have got of each subject.

    How its messages about lists lie between the others follows from no topic but the bank's own. So those of lists are
    expected first, all of them (``expect_past_lists``, ``expect_list``, ``place_lists``), then those of changes.
    """

    due: BankDue = field(kw_only=True)
    lists: Window = field(kw_only=True)  # of the changes of lists, as ``window`` is of the changes
    # By subject, what its topic still has: the first one, and the sequences of those about lists.
    firsts: Mapping[str, int] = field(default_factory=dict)
    entries: Mapping[str, Sequence[int]] = field(default_factory=dict)
    digests: Counter[str] = field(default_factory=Counter)  # of all messages from there on
    _reached: Counter[str] = field(default_factory=Counter)  # the sequence of the last one expected
    _of_lists: dict[str, list[int]] = field(default_factory=dict)

    def expect(self, subject: str, partition: int, offset: int, messages: Sequence[int]) -> None:
        """Count what one change brings to the bank; ``messages``: a hash of the content of each message."""
        if offset < self.window.after.get(partition, 0):
            self._add(subject, messages)
        self.count(subject, partition, offset, len(messages))

    def expect_list(self, subject: str, partition: int, offset: int, messages: Sequence[int]) -> None:
        """Count what one change of a list brings to the bank."""
        if messages and offset < self.lists.after.get(partition, 0):
            self._of_lists.setdefault(subject, []).extend(messages)
        self.count(subject, partition, offset, len(messages), self.lists)

    def expect_past(self, before: Sequence[Snapshot]) -> None:
        """Count what the bank was told up to its last snapshot, and by it; ``before``: when the scan began."""
        for told in self._past(topics.CHANGE):
            if told.number:
                self._add(told.subject, told.contents)
                self._count_snapshot(told, before)
            else:
                self.expect(told.subject, told.source.partition, told.offset, told.contents)

    def expect_past_lists(self, before: Sequence[Snapshot]) -> None:
        """Count what of lists the bank was told up to its last snapshot, and by it, as ``expect_past`` does."""
        for told in self._past(topics.LIST_CHANGE):
            if told.number:
                self._of_lists.setdefault(told.subject, []).extend(told.contents)
                self._count_snapshot(told, before)
            else:
                self.expect_list(told.subject, told.source.partition, told.offset, told.contents)

    def place_lists(self) -> None:
        """Give what was expected of lists its sequences: those that such messages have in the bank's topic."""
        for subject, contents in self._of_lists.items():
            sequences = self.entries.get(subject, ())
            # Retention may have deleted the first ones.
            gone = max(0, len(contents) - len(sequences)) if self.firsts.get(subject, 1) > 1 else 0
            self._reached[subject] = gone
            for sequence, content in zip(sequences, contents[gone:], strict=False):
                self.digests[subject] = _added(self.digests[subject], sequence, content)
        self._of_lists.clear()

    def _past(self, topic: str) -> Iterator[Past]:
        if self.due.has_begun:
            yield from self.due.past(topic, 0, self.due.snapshots[0].positions, {})

    def _count_snapshot(self, told: Past, before: Sequence[Snapshot]) -> None:
        told_to = before[told.number - 1].told_to if told.number <= len(before) else {}
        is_certain = told.offset < told_to.get(told.source, 0)
        self.count_told(told.subject, told.source.partition, len(told.contents), is_certain=is_certain)

    def _add(self, subject: str, messages: Sequence[int]) -> None:
        first, entries, sequence = self.firsts.get(subject, 1), self.entries.get(subject, ()), self._reached[subject]
        for content in messages:
            sequence += 1
            while sequence in entries:
                sequence += 1
            if sequence >= first:
                self.digests[subject] = _added(self.digests[subject], sequence, content)
        self._reached[subject] = sequence


def read_sequences(reader: TopicReader, decode: PlainDecoder, partitions: Iterable[TopicPartition]) -> dict[str, int]:
    """Return the last sequence of each subject that a bank's sink remembers."""
    sequences: dict[str, int] = {}
    for message in reader.read_all(partitions):
        value: dict[str, Any] = decode(message.value())
        sequences[value["subject"]] = value["sequence"]
    return sequences


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
            subject, sequence, content, is_entry = told(message.value())
        except PoisonMessage as problem:
            findings.unreadable(arrow, where, problem)
            continue
        own = (sequence,) if is_entry else ()
        run_so_far = runs.get(subject)
        if run_so_far is None:
            runs[subject] = SequenceRun(sequence, sequence, partition, _added(0, sequence, content), own)
        elif sequence <= run_so_far.last:
            findings.differ(arrow, where, f"double sequence {sequence} of {subject}")
            runs[subject] = run_so_far._replace(digest=None)
        elif sequence == run_so_far.last + 1:
            digest = None if run_so_far.digest is None else _added(run_so_far.digest, sequence, content)
            runs[subject] = run_so_far._replace(last=sequence, digest=digest, entries=run_so_far.entries + own)
        else:
            text = f"sequence {sequence} of {subject} after {run_so_far.last}"
            findings.differ(arrow, where, text, sequence - run_so_far.last - 1)
            runs[subject] = run_so_far._replace(last=sequence, digest=None, entries=run_so_far.entries + own)
    return runs


def _added(digest: int, sequence: int, content: int) -> int:
    # As a text: the hash of a tuple is nearly linear in its last part, and two that changed places would add up alike.
    return digest + hash(f"{sequence} {content}") & _64_BITS


def compare(
    bank: str, expected: ExpectedDeliveries, delivered: BankDelivery, starts: Mapping[int, int], findings: Findings
) -> None:
    """Compare what a bank got with what the changes hold for it; ``starts``: the first offset kept, by partition."""
    arrow, topic = findings.arrow(bank_arrow(bank)), topics.bank_topic(bank)
    moving = {
        partition
        for window in (expected.window, expected.lists)
        for partition, offset in window.after.items()
        if window.before.get(partition, 0) != offset
    }
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
