"""When a recipient was told at once what counts: when it began, and whenever the labels changed.

A snapshot is of a point of the changes, and told in their order, so that whoever goes on telling it, and whoever proves
it, comes to the same messages.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from bus import topics
from bus.avro.decoding import Decoder
from bus.config import BusConfig
from bus.reading.offsets import TopicPartition, Watermarks, watermarks
from bus.reading.scan import scan, scan_partitions
from catalogue.errors import PoisonMessage
from rules.release.lists import SnapshotMembers, VisibleEntry
from rules.release.snapshot import Relabelling, SnapshotContents
from rules.release.visible import DeadLetter, Payload, VisibleChange


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One snapshot of a recipient, and how far it was told; ``former_policy`` None: it knew nothing before."""

    recipient: str
    number: int
    policy: int
    former_policy: int | None
    handle_key: bytes
    positions: Mapping[TopicPartition, int]
    told_to: Mapping[TopicPartition, int]

    @property
    def is_over(self) -> bool:
        """Whether all of it was told."""
        return all(self.told_to.get(source, 0) >= end for source, end in self.positions.items())

    @property
    def key(self) -> str:
        """The key of its message."""
        return f"{self.recipient}/{self.number:06}"

    def with_told(self, source: TopicPartition, offset: int) -> "Snapshot":
        """Return it told up to an offset of a partition."""
        return replace(self, told_to={**self.told_to, source: offset})

    def as_wire(self) -> dict[str, Any]:
        """Return the value of its message."""
        return {
            "recipient": self.recipient,
            "number": self.number,
            "policy": self.policy,
            "former_policy": self.former_policy,
            "handle_key": self.handle_key,
            "positions": _by_text(self.positions, topics.CHANGE),
            "told_to": _by_text(self.told_to, topics.CHANGE),
            "list_positions": _by_text(self.positions, topics.LIST_CHANGE),
            "list_told_to": _by_text(self.told_to, topics.LIST_CHANGE),
            "written_at": datetime.now(UTC),
        }


def read_snapshots(config: BusConfig, decode: Decoder) -> Mapping[str, list[Snapshot]]:
    """Return the snapshots of each recipient in their order; raises Unavailable while Kafka or the registry is away."""
    newest: dict[bytes, dict[str, Any]] = {}
    for message in scan(config, topics.RELEASE_SNAPSHOT):
        newest[message.key() or b""] = decode(message.value() or b"")
    found: dict[str, list[Snapshot]] = defaultdict(list)
    for value in sorted(newest.values(), key=lambda one: (one["recipient"], one["number"])):
        found[value["recipient"]].append(
            Snapshot(
                value["recipient"], value["number"], value["policy"], value["former_policy"], value["handle_key"],
                _numbered(value["positions"], value.get("list_positions")),
                _numbered(value["told_to"], value.get("list_told_to")),
            )
        )  # fmt: skip
    return found


class Told(NamedTuple):
    """What a snapshot tells by one change of the past, of records or of a list; ``offset``: that change's."""

    offset: int
    change: Mapping[str, Any]
    records: Sequence[VisibleChange] = ()
    indicators: Mapping[str, Any] = MappingProxyType({})
    entry: VisibleEntry | None = None


def told_by(
    config: BusConfig,
    relabelling: Relabelling,
    source: TopicPartition,
    to: int,
    decode: Callable[[bytes], Mapping[str, Any]],
    payload: Payload,
    dead_letter: DeadLetter,
    *,
    since: int = 0,
    is_over: Callable[[], bool] = lambda: False,
) -> Iterator[Told]:
    """Yield what a snapshot as of the offset ``to`` tells by one partition, from the change at ``since`` on.

    ``source`` is of the changes, or of those of lists. They are read twice: the first time says which of them is the
    last word on what. Raises Unavailable while Kafka or the registry is away. ``is_over``: asked now and then; it ends
    early when that says so.
    """
    is_of_lists = source.topic == topics.LIST_CHANGE
    contents = SnapshotMembers(relabelling.lists) if is_of_lists else SnapshotContents(relabelling)
    if not contents.relabelling:
        return
    for offset, change in changes_between(config, source, 0, to, decode):
        if is_over():
            return
        contents.note(change, offset)
    for offset, change in changes_between(config, source, since, to, decode):
        if is_over():
            return
        if isinstance(contents, SnapshotMembers):
            told = Told(offset, change, entry=contents.entry(change, offset))
        else:
            told = Told(
                offset, change, list(contents.records(change, offset, payload, dead_letter)),
                contents.indicators(change, offset),
            )  # fmt: skip
        if told.records or told.indicators or told.entry:
            yield told


def changes_between(
    config: BusConfig, source: TopicPartition, since: int, to: int, decode: Callable[[bytes], Mapping[str, Any]]
) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield the changes of a partition, of records or of lists, from one offset to before another, with their offsets.

    What cannot be read is left out. Raises Unavailable while Kafka or the registry is away.
    """
    if since >= to:
        return
    low = watermarks(config, [source])[source].low
    for _, message in scan_partitions(config, {source: since}, {source: Watermarks(low, to)}):
        offset = message.offset() or 0
        if offset >= to:
            return
        try:
            change = decode(message.value() or b"")
        except PoisonMessage:
            continue  # it was passed over, and named, when it came
        yield offset, change


def _by_text(offsets: Mapping[TopicPartition, int], topic: str) -> dict[str, int]:
    return {str(source.partition): offset for source, offset in offsets.items() if source.topic == topic}


def _numbered(changes: Mapping[str, int], lists: Mapping[str, int] | None) -> dict[TopicPartition, int]:
    # A snapshot of before there were lists says nothing of them.
    both = {topics.CHANGE: changes, topics.LIST_CHANGE: lists or {}}
    return {
        TopicPartition(topic, int(partition)): offset
        for topic, offsets in both.items()
        for partition, offset in offsets.items()
    }
