"""The arrow to the platform above: every record change that goes up has one receipt."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bus import topics
from bus.reading.offsets import TopicPartition
from bus.reading.topic_reader import TopicReader
from catalogue.errors import PoisonMessage
from proofs.reconcile.expected import Window
from proofs.reconcile.findings import UPSTREAM, Findings
from proofs.reconcile.reading import Plain
from rules.release.visible import VisibleChange
from sinks.upstream.profile import Profile
from sinks.upstream.records import goes_up, idempotency_key

_STATUSES = ("ACCEPTED", "REJECTED")


@dataclass(slots=True)
class Due:
    """What has to have a receipt: the keys of the record changes below the sink's committed offsets."""

    profile: Profile
    window: Window
    total: int = 0
    keys: dict[str, bool] = field(default_factory=dict)  # whether the sink had read it before the scan, too

    def take(self, change: Mapping[str, Any], turned: Iterable[VisibleChange], at: tuple[int, int]) -> None:
        """Count what goes up of one change, of which these records changed visibly; ``at``: partition and offset."""
        number, offset = at
        for one in turned:
            if not goes_up(one, self.profile):
                continue
            self.total += 1
            if offset < self.window.after.get(number, 0):
                record = one.record
                key = idempotency_key(change["subject"], record["item"], record["record_key"], change["sequence"])
                self.keys[key] = offset < self.window.before.get(number, 0)


@dataclass(slots=True)
class Answered:
    """What was kept of the uploads, by idempotency key: what was sent, and the platform's answer."""

    sent: set[str] = field(default_factory=set)
    receipts: dict[str, str] = field(default_factory=dict)


def read_answers(reader: TopicReader, plain: Plain, places: Iterable[TopicPartition], findings: Findings) -> Answered:
    """Return what was sent and answered; note what was kept twice."""
    found = Answered()
    for message in reader.read(dict.fromkeys(places, 0)):
        topic = reader.bare(message.topic())
        place = f"{topic}/{message.partition()}@{message.offset()}"
        try:
            value = plain(message.value())
        except PoisonMessage as problem:
            findings.differ(UPSTREAM, place, f"unreadable: {problem.message}")
            continue
        key = value["key"]
        if topic == topics.UPSTREAM_UP:
            if key in found.sent:
                findings.differ(UPSTREAM, place, f"double: {key}")
            found.sent.add(key)
            continue
        if key in found.receipts:
            findings.differ(UPSTREAM, place, f"double receipt: {key}")
        if value["status"] not in _STATUSES:
            findings.differ(UPSTREAM, place, f"neither accepted nor rejected: {key}")
        found.receipts[key] = value["status"]
    return found


def compare(due: Due, answered: Answered, findings: Findings) -> None:
    """Compare what was sent and answered with what had to go up; ``merged`` are the accepted ones."""
    arrow, receipts = findings.arrow(UPSTREAM), answered.receipts
    arrow.entered = due.total
    arrow.merged = sum(status == "ACCEPTED" for status in receipts.values())
    arrow.rejected = len(receipts) - arrow.merged
    arrow.pending = due.total - len(due.keys)
    quiet = due.window.before == due.window.after
    for key, certain in due.keys.items():
        if key not in receipts:
            if certain:
                findings.differ(UPSTREAM, topics.UPSTREAM_RECEIPT, f"no receipt: {key}")
            else:
                arrow.pending += 1
        if certain and key not in answered.sent:
            findings.differ(UPSTREAM, topics.UPSTREAM_UP, f"not sent: {key}")
    for key in receipts.keys() - due.keys.keys():
        findings.differ(UPSTREAM, topics.UPSTREAM_RECEIPT, f"a receipt of nothing that was due: {key}")
    for key in (answered.sent - due.keys.keys()) if quiet else ():
        findings.differ(UPSTREAM, topics.UPSTREAM_UP, f"sent, and not due: {key}")
