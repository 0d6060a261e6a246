"""The arrow to the platform above: every record change that goes up has one receipt."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bus import topics
from bus.reading.offsets import TopicPartition
from bus.reading.topic_reader import TopicReader
from catalogue.errors import PoisonMessage
from proofs.reconcile.decoding import PlainDecoder
from proofs.reconcile.expectations import Window
from proofs.reconcile.findings import UPSTREAM, Findings
from proofs.reconcile.upstream_due import UpstreamDue
from sinks.snapshots import Snapshot

_STATUSES = ("ACCEPTED", "REJECTED")


@dataclass(slots=True)
class ExpectedReceipts:
    """What must have a receipt: the keys of the record changes below the sink's committed offsets."""

    due: UpstreamDue
    window: Window
    total: int = 0
    keys: dict[str, bool] = field(default_factory=dict)  # whether the sink had read it before the scan began

    def expect(self, change: Mapping[str, Any], partition: int, offset: int) -> None:
        """Count what of one change goes up."""
        for key in self.due.keys(change, partition, offset):
            self.total += 1
            if offset < self.window.after.get(partition, 0):
                self.keys[key] = offset < self.window.before.get(partition, 0)

    def expect_relabelled(self, before: Sequence[Snapshot]) -> None:
        """Count what went up because labels changed; ``before``: the snapshots when the scan began."""
        for number, partition, offset, key in self.due.relabelled(0, {}):
            self.total += 1
            told_to = before[number - 1].told_to if number <= len(before) else {}
            self.keys[key] = offset < told_to.get(partition, 0)


@dataclass(slots=True)
class UpstreamAnswers:
    """What the sink wrote down of its deliveries, by idempotency key: what was sent, and the platform's answer."""

    sent: set[str] = field(default_factory=set)
    receipts: dict[str, str] = field(default_factory=dict)


def read_answers(
    reader: TopicReader, decode: PlainDecoder, partitions: Iterable[TopicPartition], findings: Findings
) -> UpstreamAnswers:
    """Return what was sent and answered; note what is there twice."""
    answers = UpstreamAnswers()
    for message in reader.read_all(partitions):
        topic = reader.bare(message.topic())
        where = f"{topic}/{message.partition()}@{message.offset()}"
        try:
            value = decode(message.value())
        except PoisonMessage as problem:
            findings.unreadable(UPSTREAM, where, problem)
            continue
        key = value["key"]
        if topic == topics.UPSTREAM_UP:
            if key in answers.sent:
                findings.differ(UPSTREAM, where, f"double: {key}")
            answers.sent.add(key)
            continue
        if key in answers.receipts:
            findings.differ(UPSTREAM, where, f"double receipt: {key}")
        if value["status"] not in _STATUSES:
            findings.differ(UPSTREAM, where, f"neither accepted nor rejected: {key}")
        answers.receipts[key] = value["status"]
    return answers


def compare(expected: ExpectedReceipts, answered: UpstreamAnswers, findings: Findings) -> None:
    """Compare what was sent and answered with what had to go up; the accepted ones count as ``merged``."""
    arrow, receipts = findings.arrow(UPSTREAM), answered.receipts
    arrow.entered = expected.total
    arrow.merged = sum(status == "ACCEPTED" for status in receipts.values())
    arrow.rejected = len(receipts) - arrow.merged
    # How much a snapshot still has to send is not known: something.
    arrow.pending = expected.total - len(expected.keys) + (not expected.due.is_settled)
    quiet = expected.window.before == expected.window.after
    for key, certain in expected.keys.items():
        if key not in receipts:
            if certain:
                findings.differ(UPSTREAM, topics.UPSTREAM_RECEIPT, f"no receipt: {key}")
            else:
                arrow.pending += 1
        if certain and key not in answered.sent:
            findings.differ(UPSTREAM, topics.UPSTREAM_UP, f"not sent: {key}")
    for key in receipts.keys() - expected.keys.keys():
        findings.differ(UPSTREAM, topics.UPSTREAM_RECEIPT, f"a receipt of nothing that was due: {key}")
    for key in (answered.sent - expected.keys.keys()) if quiet else ():
        findings.differ(UPSTREAM, topics.UPSTREAM_UP, f"sent, and not due: {key}")
