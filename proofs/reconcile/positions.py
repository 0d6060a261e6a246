"""How far the merge and the pushes came, as they publish it themselves."""

from collections.abc import Iterable, Mapping
from typing import Any

from bus.reading.offsets import TopicPartition, Watermarks
from bus.reading.topic_reader import TopicReader
from proofs.reconcile.decoding import PlainDecoder

Position = Mapping[str, Any]


def merge_positions(
    reader: TopicReader,
    decode: PlainDecoder,
    partitions: Iterable[TopicPartition],
    ends: Mapping[TopicPartition, Watermarks] | None = None,
) -> dict[TopicPartition, Position]:
    """Return the newest position of the merge, or of another processor, by input partition, as of ``ends`` (now)."""
    positions: dict[TopicPartition, Position] = {}
    for message in reader.read(dict.fromkeys(partitions, 0), ends):
        value = decode(message.value())
        positions[TopicPartition(value["topic"], value["partition"])] = value
    return positions


def ledger(
    reader: TopicReader, decode: PlainDecoder, partitions: Iterable[TopicPartition]
) -> dict[str, dict[str, Any]]:
    """Return the newest progress of every submission, with the ``partition`` and ``offset`` of its message."""
    progress: dict[str, dict[str, Any]] = {}
    for message in reader.read_all(partitions):
        value = decode(message.value())
        progress[value["submission_id"]] = {**value, "partition": message.partition(), "offset": message.offset()}
    return progress
