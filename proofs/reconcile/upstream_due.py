"""What must go up to the platform above, by the same rules as its sink."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bus.avro.decoding import Decoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from proofs.reconcile.decoding import PlainDecoder
from rules.release.labels import Labels
from rules.release.snapshot import Relabelling
from rules.release.visible import VisibleChange, visible
from sinks.policies import Policies
from sinks.snapshots import Snapshot, Told, told_by
from sinks.upstream.profile import Profile
from sinks.upstream.records import goes_up, idempotency_key


class Deliverable:
    """Decides what of a change a receiver of the public projection must get."""

    def __init__(self, registry: Registry) -> None:
        self.payload = Decoder(registry).payload

    def records(self, change: Mapping[str, Any], labels: Labels) -> list[VisibleChange]:
        """Return the record changes that a receiver can see. The sink passes over what cannot be read: left out."""
        return list(visible(change, labels.public_plans, self.payload, lambda record, problem: None))


class UpstreamDue:
    """What must go up: each change by the labels of then, all history, and what each change of labels changes.

    ``snapshots`` are all that the platform has, in their order.
    """

    def __init__(
        self,
        config: BusConfig,
        snapshots: Sequence[Snapshot],
        policies: Policies,
        plain: PlainDecoder,
        deliverable: Deliverable,
        profile: Profile,
    ) -> None:
        self._config, self._policies, self._plain, self._deliverable = config, policies, plain, deliverable
        self.snapshots, self._profile = snapshots, profile

    @property
    def is_settled(self) -> bool:
        """Whether all of the snapshots were sent."""
        return bool(self.snapshots) and self.snapshots[-1].is_over

    def keys(self, change: Mapping[str, Any], partition: int, offset: int) -> list[str]:
        """Return the keys under which a change goes up."""
        policies = [one.policy for one in self.snapshots if offset >= one.positions.get(partition, 0)]
        if not policies:
            return []
        seen = self._deliverable.records(change, self._labels(policies[-1]))
        return [_key(change, one) for one in seen if goes_up(one, self._profile)]

    def relabelled(self, number: int, told_to: Mapping[int, int]) -> Iterator[tuple[int, int, int, str]]:
        """Yield (number of the snapshot, partition, offset of the change, key) of what snapshots sent so far.

        Begins behind ``number`` snapshots; ``told_to``: how far the next one was taken already, by partition.
        """
        told = told_to
        for one in self.snapshots[number:]:
            for partition in one.positions if one.former_policy is not None else ():
                for past in self._told(one, partition, told.get(partition, 0)):
                    for seen in past.records:
                        if goes_up(seen, self._profile):
                            yield one.number, partition, past.offset, _key(past.change, seen, one.policy)
            told = {}

    def _labels(self, version: int) -> Labels:
        return self._policies.of(version).labels

    def _told(self, snapshot: Snapshot, partition: int, since: int) -> Iterator[Told]:
        """Yield what a snapshot told in a partition so far, from the change at ``since`` on."""
        to = snapshot.told_to.get(partition, 0)
        if since >= to:
            return
        former = None if snapshot.former_policy is None else self._labels(snapshot.former_policy)
        step, end = Relabelling(former, self._labels(snapshot.policy)), snapshot.positions[partition]
        for told in told_by(
            self._config, step, partition, end, self._plain, self._deliverable.payload, lambda record, problem: None,
            since=since,
        ):  # fmt: skip
            if told.offset >= to:
                return
            yield told


def _key(change: Mapping[str, Any], seen: VisibleChange, relabelled_by: int | None = None) -> str:
    record = seen.record
    return idempotency_key(change["subject"], record["item"], record["record_key"], change["sequence"], relabelled_by)
