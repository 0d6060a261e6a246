"""How far each stage says it came."""

from collections.abc import Iterable, Mapping
from typing import Any

from bus.reading.offsets import TopicPartition, Watermarks
from bus.reading.topic_reader import TopicReader
from proofs.reconcile.reading import Plain

Position = Mapping[str, Any]


def merge_positions(
    reader: TopicReader,
    plain: Plain,
    places: Iterable[TopicPartition],
    ends: Mapping[TopicPartition, Watermarks] | None = None,
) -> dict[TopicPartition, Position]:
    """Return the newest position of the merge in each input partition, as of ``ends`` (now)."""
    found: dict[TopicPartition, Position] = {}
    for message in reader.read(dict.fromkeys(places, 0), ends):
        value = plain(message.value())
        found[TopicPartition(value["topic"], value["partition"])] = value
    return found


def ledger(reader: TopicReader, plain: Plain, places: Iterable[TopicPartition]) -> dict[str, dict[str, Any]]:
    """Return the newest progress of every submission, with the ``place`` and ``offset`` of the message."""
    found: dict[str, dict[str, Any]] = {}
    for message in reader.read(dict.fromkeys(places, 0)):
        value = plain(message.value())
        found[value["submission_id"]] = {**value, "partition": message.partition(), "offset": message.offset()}
    return found
