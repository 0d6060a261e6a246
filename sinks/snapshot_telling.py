"""Tells a recipient what counts when it begins, and what changes for it when the labels do; goes on where it was."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from bus import topics
from bus.avro.decoding import Decoder
from bus.avro.encoding import Encoder
from bus.avro.registry import Registry
from bus.change_feed import ChangeFeed, Published
from bus.config import BusConfig
from bus.reading.offsets import TopicPartition
from catalogue import wire
from catalogue.errors import PoisonMessage
from rules.release.labels import LabelPolicy
from rules.release.snapshot import Relabelling
from sinks.holding import Patience
from sinks.policies import Policies
from sinks.snapshots import Snapshot, Told, read_snapshots, told_by


class Telling(NamedTuple):
    """What is published for a part of a snapshot, and what is to be done once it is committed."""

    messages: Sequence[Published]
    committed: Callable[[], None] = lambda: None


Tell = Callable[[Snapshot, int, Sequence[Told]], Telling]
"""Makes what is told by a part of a snapshot, in one partition of the changes."""


class SnapshotTeller:
    """The snapshots of one recipient, by its sink: made after the sink is fenced, before it reads the changes on."""

    def __init__(
        self, config: BusConfig, registry: Registry, decode: Decoder, feed: ChangeFeed, recipient: str
    ) -> None:
        """Read them; raises Unavailable while Kafka or the registry is away."""
        self._config, self._registry, self._decode, self._feed = config, registry, decode, feed
        self._recipient = recipient
        self._snapshots = read_snapshots(config, decode).get(recipient, [])

    @property
    def has_begun(self) -> bool:
        """Whether the recipient has a first snapshot."""
        return bool(self._snapshots)

    @property
    def handle_key(self) -> bytes:
        """What makes the recipient's handles."""
        return self._snapshots[-1].handle_key

    def begin(
        self, policy: LabelPolicy, positions: Mapping[int, int], read_on_from: Mapping[int, int], handle_key: bytes
    ) -> None:
        """Write down that the recipient begins with what counts at these positions."""
        first = Snapshot(self._recipient, 1, policy.version, None, handle_key, positions, {})
        self._feed.begin_at({TopicPartition(topics.CHANGE, one): offset for one, offset in read_on_from.items()})
        self._publish(first, [])
        self._snapshots = [first]

    def tell(
        self,
        policies: Policies,
        policy: LabelPolicy,
        reached: Mapping[int, int],
        patience: Patience,
        batch_size: int,
        tell: Tell,
    ) -> None:
        """Tell what of the last snapshot was not told yet, and then what ``policy`` changes, if it is another one.

        ``reached``: the positions of the last transaction. Ends early when the process is to end. Raises Unavailable as
        ``tell`` does, or while Kafka or the registry is away: what is committed by then is not told again.
        """
        last = self._told(self._snapshots[-1], policies, patience, batch_size, tell)
        if patience.is_over or last.policy == policy.version:
            return
        step = Snapshot(
            self._recipient, last.number + 1, policy.version, last.policy, last.handle_key, dict(reached), {}
        )
        self._publish(step, [])
        self._told(step, policies, patience, batch_size, tell)

    def _told(
        self, snapshot: Snapshot, policies: Policies, patience: Patience, batch_size: int, tell: Tell
    ) -> Snapshot:
        former = None if snapshot.former_policy is None else policies.of(snapshot.former_policy).labels
        relabelling = Relabelling(former, policies.of(snapshot.policy).labels)
        for partition, end in snapshot.positions.items():
            since = snapshot.told_to.get(partition, 0)
            if since >= end:
                continue
            batch: list[Told] = []
            size = 0
            for told in told_by(
                self._config, relabelling, partition, end, self._decode, self._decode.payload, _was_named,
                since=since, is_over=lambda: patience.is_over,
            ):  # fmt: skip
                batch.append(told)
                size += len(told.records) + 1
                if size >= batch_size:
                    snapshot = snapshot.with_told(partition, told.offset + 1)
                    self._commit(snapshot, tell(snapshot, partition, batch))
                    batch, size = [], 0
            if patience.is_over:
                return snapshot
            snapshot = snapshot.with_told(partition, end)
            self._commit(snapshot, tell(snapshot, partition, batch))
        return snapshot

    def _commit(self, snapshot: Snapshot, telling: Telling) -> None:
        self._publish(snapshot, telling.messages)
        telling.committed()

    def _publish(self, snapshot: Snapshot, messages: Sequence[Published]) -> None:
        encode = Encoder(self._registry, topics.RELEASE_SNAPSHOT, wire.RELEASE_SNAPSHOT)
        topic = self._config.topic(topics.RELEASE_SNAPSHOT)
        own = (topic, encode(snapshot.as_wire()), snapshot.key.encode(), 0)
        self._feed.publish([*messages, own], [])


def _was_named(record: Mapping[str, object], problem: PoisonMessage) -> None:
    """Pass over what cannot be read: it was a dead letter, with its offset, when it came."""
