"""When a recipient was told at once what counts: when it began, and whenever the labels changed.

A snapshot is of a point of the changes, and told in their order, so that whoever goes on telling it, and whoever proves
it, comes to the same messages.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

from bus import topics
from bus.avro.decoding import Decoder
from bus.config import BusConfig
from bus.reading.offsets import TopicPartition, Watermarks, watermarks
from bus.reading.scan import scan, scan_partitions
from catalogue.errors import PoisonMessage
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
    positions: Mapping[int, int]
    told_to: Mapping[int, int]

    @property
    def is_over(self) -> bool:
        """Whether all of it was told."""
        return all(self.told_to.get(partition, 0) >= end for partition, end in self.positions.items())

    @property
    def key(self) -> str:
        """The key of its message."""
        return f"{self.recipient}/{self.number:06}"

    def with_told(self, partition: int, offset: int) -> "Snapshot":
        """Return it told up to an offset of a partition."""
        return replace(self, told_to={**self.told_to, partition: offset})

    def as_wire(self) -> dict[str, Any]:
        """Return the value of its message."""
        return {
            "recipient": self.recipient,
            "number": self.number,
            "policy": self.policy,
            "former_policy": self.former_policy,
            "handle_key": self.handle_key,
            "positions": {str(partition): offset for partition, offset in self.positions.items()},
            "told_to": {str(partition): offset for partition, offset in self.told_to.items()},
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
                _numbered(value["positions"]), _numbered(value["told_to"]),
            )
        )  # fmt: skip
    return found


class Told(NamedTuple):
    """What a snapshot tells by one change of the past; ``offset``: that change's."""

    offset: int
    change: Mapping[str, Any]
    records: list[VisibleChange]
    indicators: dict[str, Any]


def told_by(
    config: BusConfig,
    relabelling: Relabelling,
    partition: int,
    to: int,
    decode: Callable[[bytes], Mapping[str, Any]],
    payload: Payload,
    dead_letter: DeadLetter,
    *,
    since: int = 0,
    is_over: Callable[[], bool] = lambda: False,
) -> Iterator[Told]:
    """Yield what a snapshot as of the offset ``to`` tells in one partition, from the change at ``since`` on.

    The changes are read twice: the first time says which of them is the last word on what. Raises Unavailable while
    Kafka or the registry is away. ``is_over``: asked now and then; it ends early when that says so.
    """
    if not relabelling:
        return
    contents = SnapshotContents(relabelling)
    for offset, change in changes_between(config, partition, 0, to, decode):
        if is_over():
            return
        contents.note(change, offset)
    for offset, change in changes_between(config, partition, since, to, decode):
        if is_over():
            return
        told = Told(
            offset, change, list(contents.records(change, offset, payload, dead_letter)),
            contents.indicators(change, offset),
        )  # fmt: skip
        if told.records or told.indicators:
            yield told


def changes_between(
    config: BusConfig, partition: int, since: int, to: int, decode: Callable[[bytes], Mapping[str, Any]]
) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield the changes of a partition from one offset to before another, each with its offset.

    What cannot be read is left out. Raises Unavailable while Kafka or the registry is away.
    """
    key = TopicPartition(topics.CHANGE, partition)
    if since >= to:
        return
    low = watermarks(config, [key])[key].low
    for _, message in scan_partitions(config, {key: since}, {key: Watermarks(low, to)}):
        offset = message.offset() or 0
        if offset >= to:
            return
        try:
            change = decode(message.value() or b"")
        except PoisonMessage:
            continue  # it was passed over, and named, when it came
        yield offset, change


def _numbered(by_text: Mapping[str, int]) -> dict[int, int]:
    return {int(partition): offset for partition, offset in by_text.items()}
