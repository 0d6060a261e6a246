"""What a bank must be told of each change since its first snapshot, and by each snapshot, in its topic's order."""

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from bus import topics
from bus.avro.decoding import Decoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.reading.offsets import TopicPartition
from proofs.reconcile.bank_content import addressed, of_entry, of_indicators, of_record
from proofs.reconcile.decoding import PlainDecoder
from rules.release.handles import Handles
from rules.release.labels import Labels
from rules.release.lists import VisibleEntry, visible_entry
from rules.release.snapshot import Relabelling
from rules.release.visible import VisibleChange, moved_indicators, visible
from sinks.policies import Policies
from sinks.snapshots import Snapshot, Told, changes_between, told_by


class DueMessage(NamedTuple):
    """A message that some bank must get: the hash of what every bank is told alike, and whose record it is of."""

    content: int
    record: tuple[str, str, str] | None  # subject, item, record key; None: it is about indicators or a list


class Deliverable:
    """Decides what of a change a receiver of the public projection must get, by the same rules as the sinks."""

    def __init__(self, registry: Registry) -> None:
        self.payload = Decoder(registry).payload

    def records(self, change: Mapping[str, Any], labels: Labels) -> list[VisibleChange]:
        """Return the record changes that a receiver can see. Sinks pass over what cannot be read, so it is left out."""
        return list(visible(change, labels.plans, self.payload, lambda record, problem: None))

    def due(self, change: Mapping[str, Any], labels: Labels) -> list[DueMessage]:
        """Return the messages that a bank gets of a change by these labels."""
        return due_messages(change, self.records(change, labels), moved_indicators(change, labels.public_indicators))

    def due_of_list(self, change: Mapping[str, Any], labels: Labels) -> list[DueMessage]:
        """Return the messages that a bank gets of a change of a list by these labels."""
        return _due_entry(visible_entry(change, labels.by_list))


def _due_entry(entry: VisibleEntry | None) -> list[DueMessage]:
    return [] if entry is None else [DueMessage(of_entry(entry), None)]


def due_messages(
    change: Mapping[str, Any], records: Sequence[VisibleChange], indicators: Mapping[str, Any]
) -> list[DueMessage]:
    """Return the messages that tell these records and indicators of a change's enterprise."""
    name, subject = change["subject_name"], change["subject"]
    found = [
        DueMessage(of_record(name, seen), (subject, seen.record["item"], seen.record["record_key"])) for seen in records
    ]
    if indicators:
        found.append(DueMessage(of_indicators(name, change["as_of"], indicators), None))
    return found


@dataclass(frozen=True, slots=True)
class Past:
    """What one change of the past brought to a bank; ``number``: by which snapshot it was told, 0: by none.

    ``source``: where the change lies, among those of records or of lists.
    """

    subject: str
    source: TopicPartition
    offset: int
    number: int
    contents: list[int]


class RecipientDue:
    """The rules of one recipient; ``snapshots`` are all that it has, in their order."""

    def __init__(
        self,
        config: BusConfig,
        snapshots: Sequence[Snapshot],
        policies: Policies,
        plain: PlainDecoder,
        deliverable: Deliverable,
    ) -> None:
        self._config, self._policies, self._plain, self._deliverable = config, policies, plain, deliverable
        self.snapshots = snapshots

    @property
    def is_settled(self) -> bool:
        """Whether it was told all of its snapshots."""
        return bool(self.snapshots) and self.snapshots[-1].is_over

    def labels(self, version: int) -> Labels:
        """Return the labels of a version."""
        return self._policies.of(version).labels

    def _told(self, snapshot: Snapshot, source: TopicPartition, since: int) -> Iterator[Told]:
        """Yield what a snapshot told of a partition so far, from the change at ``since`` on."""
        to = snapshot.told_to.get(source, 0)
        if since >= to:
            return
        former = None if snapshot.former_policy is None else self.labels(snapshot.former_policy)
        step, end = Relabelling(former, self.labels(snapshot.policy)), snapshot.positions[source]
        for told in told_by(
            self._config, step, source, end, self._plain, self._deliverable.payload, lambda record, problem: None,
            since=since,
        ):  # fmt: skip
            if told.offset >= to:
                return
            yield told


class BankDue(RecipientDue):
    """The rules of one bank."""

    @functools.cached_property
    def _handle(self) -> Handles:
        return Handles(self.snapshots[-1].handle_key)

    @property
    def has_begun(self) -> bool:
        """Whether the bank was told with what it begins."""
        return bool(self.snapshots)

    @property
    def policy(self) -> int:
        """The version of the labels by which it is told behind its last snapshot."""
        return self.snapshots[-1].policy

    def since(self, source: TopicPartition) -> int:
        """Return from which offset of a partition on it is told each change, by its last snapshot."""
        return self.snapshots[-1].positions.get(source, 0)

    def contents(self, messages: Sequence[DueMessage], policy: int) -> list[int]:
        """Return the hash of each message as it is addressed to this bank."""
        return [
            addressed(one.content, "" if one.record is None else self._handle(*one.record), policy) for one in messages
        ]

    def past(
        self,
        topic: str,
        number: int,
        reached: Mapping[TopicPartition, int],
        told_to: Mapping[TopicPartition, int],
    ) -> Iterator[Past]:
        """Yield what the bank was told by a topic up to its last snapshot's point, and by that snapshot so far.

        ``topic`` is of the changes, or of those of lists. Begins behind ``number`` snapshots; ``reached``: the next
        offset of each partition, as of which the bank was told all; ``told_to``: how far snapshot ``number + 1`` was
        taken already. Each partition's changes come in their order.
        """
        told, at = told_to, dict(reached)
        for snapshot in self.snapshots[number:]:
            former = snapshot.former_policy
            for source, end in snapshot.positions.items():
                if source.topic != topic:
                    continue
                if former is not None:
                    yield from self._changes(source, at.get(source, 0), end, former)
                yield from self._snapshot(snapshot, source, told.get(source, 0))
                at[source] = end
            told = {}

    def _changes(self, source: TopicPartition, since: int, end: int, policy: int) -> Iterator[Past]:
        labels, is_of_lists = self.labels(policy), source.topic == topics.LIST_CHANGE
        if is_of_lists and not labels.lists:
            return
        due_of = self._deliverable.due_of_list if is_of_lists else self._deliverable.due
        for offset, change in changes_between(self._config, source, since, end, self._plain):
            yield Past(change["subject"], source, offset, 0, self.contents(due_of(change, labels), policy))

    def _snapshot(self, snapshot: Snapshot, source: TopicPartition, since: int) -> Iterator[Past]:
        for one in self._told(snapshot, source, since):
            messages = _due_entry(one.entry) or due_messages(one.change, one.records, one.indicators)
            contents = self.contents(messages, snapshot.policy)
            yield Past(one.change["subject"], source, one.offset, snapshot.number, contents)
