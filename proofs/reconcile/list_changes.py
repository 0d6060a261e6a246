"""The changes of lists: what each of them brings to the banks."""

from collections.abc import Iterable, Mapping

from bus import topics
from bus.reading.offsets import TopicPartition
from bus.reading.topic_reader import TopicReader
from catalogue.errors import PoisonMessage
from proofs.reconcile.bank_due import Deliverable
from proofs.reconcile.banks import ExpectedDeliveries
from proofs.reconcile.decoding import PlainDecoder
from proofs.reconcile.findings import CHANGES, Findings


def read_list_changes(
    reader: TopicReader,
    decode: PlainDecoder,
    partitions: Iterable[TopicPartition],
    deliver: Deliverable,
    receivers: Mapping[str, ExpectedDeliveries],
    findings: Findings,
) -> None:
    """Scan the changes of lists once; what lies behind a bank's last snapshot is expected there."""
    begun = [one for one in receivers.values() if one.due.has_begun]
    if not begun:
        return
    for message in reader.read_all(partitions):
        source, offset = TopicPartition(topics.LIST_CHANGE, message.partition() or 0), message.offset() or 0
        try:
            change = decode(message.value())
        except PoisonMessage as problem:
            findings.unreadable(CHANGES, f"{source.topic}/{source.partition}@{offset}", problem)
            continue
        for bank in begun:
            due = bank.due
            if offset >= due.since(source):
                contents = due.contents(deliver.due_of_list(change, due.labels(due.policy)), due.policy)
                bank.expect_list(change["subject"], source.partition, offset, contents)
