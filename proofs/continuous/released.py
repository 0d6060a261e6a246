"""What recipients were told at once, by their snapshots: it is read anew, once, when a snapshot came."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from bus import topics
from bus.avro.decoding import Decoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.reading.offsets import TopicPartition, Watermarks
from bus.reading.topic_reader import TopicReader
from proofs.continuous.moment import FactKind, ProvenMoment
from proofs.continuous.receivers import BankWindow, UpstreamWindow
from proofs.reconcile.bank_due import BankDue, Deliverable
from proofs.reconcile.decoding import PlainDecoder
from proofs.reconcile.findings import UPSTREAM, bank_arrow
from proofs.reconcile.proof import ProofScope
from proofs.reconcile.upstream import UpstreamDue
from sinks.policies import Policies
from sinks.snapshots import read_snapshots


class ReleasedDues(NamedTuple):
    """What each recipient must be told: the banks by their ids, and the platform above where there is one."""

    banks: Mapping[str, BankDue]
    upstream: UpstreamDue | None


class Released:
    """The rules of all recipients, and how far their snapshots are proven."""

    def __init__(
        self, config: BusConfig, scope: ProofScope, registry: Registry, reader: TopicReader, deliver: Deliverable
    ) -> None:
        self._config, self._scope, self._registry, self._reader = config, scope, registry, reader
        self._deliver = deliver
        self.partitions = reader.partitions((topics.RELEASE_SNAPSHOT, topics.LABEL_POLICY))
        self._ends: dict[TopicPartition, Watermarks] = {}
        self._dues: ReleasedDues | None = None

    def dues(self) -> ReleasedDues:
        """Return what the recipients must be told; raises Unavailable while Kafka or the registry is away."""
        ends = self._reader.ends(self.partitions)
        if self._dues is None or ends != self._ends:
            self._dues, self._ends = self._read(), ends
        return self._dues

    def _read(self) -> ReleasedDues:
        config, decode, plain = self._config, Decoder(self._registry), PlainDecoder(self._registry)
        policies, snapshots, profile = Policies(config, decode), read_snapshots(config, decode), self._scope.upstream
        banks = {
            bank: BankDue(config, snapshots.get(bank_arrow(bank), []), policies, plain, self._deliver)
            for bank in self._scope.banks
        }
        own = snapshots.get(UPSTREAM, [])
        upstream = None if profile is None else UpstreamDue(config, own, policies, plain, self._deliver, profile)
        return ReleasedDues(banks, upstream)

    def take_past(
        self, moment: ProvenMoment, window: BankWindow | UpstreamWindow, changes: Iterable[TopicPartition]
    ) -> None:
        """Take what a recipient was told by its snapshots, and a bank up to the last one, as far as not proven yet."""
        due, arrow = window.due, window.arrow
        # Of the topic of snapshots the offset is how many of the recipient's were proven to their end.
        snapshots = TopicPartition(topics.RELEASE_SNAPSHOT, 0)
        proven = moment.cursor(arrow, snapshots)
        if proven.offset >= len(due.snapshots):
            return
        by_snapshot, changes = f"{arrow} {topics.RELEASE_SNAPSHOT}", tuple(changes)
        reached = {one: moment.cursor(arrow, one).offset for one in changes}
        told_to = {one: moment.cursor(by_snapshot, one).offset for one in changes}
        if isinstance(window, BankWindow):
            for topic in dict.fromkeys(one.topic for one in changes):
                for past in window.due.past(topic, proven.offset, reached, told_to):
                    window.take_change(past.subject, past.source, past.contents)
            for one in changes:
                moment.cursor(arrow, one).offset = window.due.since(one)
                moment.touch(FactKind.CURSOR, (arrow, one))
        else:
            for *_, key in window.due.relabelled(proven.offset, told_to):
                window.take_relabelled(key)
        last = due.snapshots[-1]
        for one in changes:
            moment.cursor(by_snapshot, one).offset = 0 if last.is_over else last.told_to.get(one, 0)
            moment.touch(FactKind.CURSOR, (by_snapshot, one))
        proven.offset = len(due.snapshots) - (not last.is_over)
        moment.touch(FactKind.CURSOR, (arrow, snapshots))
