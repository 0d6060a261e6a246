"""What the platform above was sent by its snapshots: it is read anew, once, when a snapshot came."""

from collections.abc import Iterable

from bus import topics
from bus.avro.decoding import Decoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.reading.offsets import TopicPartition, Watermarks
from bus.reading.topic_reader import TopicReader
from proofs.continuous.moment import FactKind, ProvenMoment
from proofs.continuous.receivers import UpstreamWindow
from proofs.reconcile.decoding import PlainDecoder
from proofs.reconcile.findings import UPSTREAM
from proofs.reconcile.proof import ProofScope
from proofs.reconcile.upstream_due import Deliverable, UpstreamDue
from sinks.policies import Policies
from sinks.snapshots import read_snapshots


class Released:
    """The rules of the platform above, and how far its snapshots are proven."""

    def __init__(
        self, config: BusConfig, scope: ProofScope, registry: Registry, reader: TopicReader, deliver: Deliverable
    ) -> None:
        self._config, self._scope, self._registry, self._reader = config, scope, registry, reader
        self._deliver = deliver
        self.partitions = reader.partitions((topics.RELEASE_SNAPSHOT, topics.LABEL_POLICY))
        self._ends: dict[TopicPartition, Watermarks] = {}
        self._due: UpstreamDue | None = None

    def due(self) -> UpstreamDue | None:
        """Return what has to be sent, None where there is no platform; raises Unavailable while Kafka is away."""
        ends = self._reader.ends(self.partitions)
        if self._due is None or ends != self._ends:
            self._due, self._ends = self._read(), ends
        return self._due

    def _read(self) -> UpstreamDue | None:
        profile = self._scope.upstream
        if profile is None:
            return None
        config, decode, plain = self._config, Decoder(self._registry), PlainDecoder(self._registry)
        own = read_snapshots(config, decode).get(UPSTREAM, [])
        return UpstreamDue(config, own, Policies(config, decode), plain, self._deliver, profile)

    def take_past(self, moment: ProvenMoment, window: UpstreamWindow, changes: Iterable[TopicPartition]) -> None:
        """Take what was sent by the snapshots, as far as it is not proven yet."""
        due, arrow = window.due, window.arrow
        # Of the topic of snapshots the offset is how many of them were proven to their end.
        snapshots = TopicPartition(topics.RELEASE_SNAPSHOT, 0)
        proven = moment.cursor(arrow, snapshots)
        if proven.offset >= len(due.snapshots):
            return
        by_snapshot, changes = f"{arrow} {topics.RELEASE_SNAPSHOT}", tuple(changes)
        told_to = {one.partition: moment.cursor(by_snapshot, one).offset for one in changes}
        for *_, key in due.relabelled(proven.offset, told_to):
            window.take_relabelled(key)
        last = due.snapshots[-1]
        for one in changes:
            moment.cursor(by_snapshot, one).offset = 0 if last.is_over else last.told_to.get(one.partition, 0)
            moment.touch(FactKind.CURSOR, (by_snapshot, one))
        proven.offset = len(due.snapshots) - (not last.is_over)
        moment.touch(FactKind.CURSOR, (arrow, snapshots))
