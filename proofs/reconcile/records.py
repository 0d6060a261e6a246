"""The winning records in their topics, and whether each version was written once and in order."""

from collections.abc import Iterable
from typing import NamedTuple

from bus import topics
from bus.reading.offsets import TopicPartition
from bus.reading.topic_reader import TopicReader
from catalogue.envelope import changelog_key
from catalogue.errors import PoisonMessage
from proofs.reconcile.decoding import PlainDecoder, stamp
from proofs.reconcile.findings import MERGE, Findings


class PublishedRecord(NamedTuple):
    """One winning record; ``event`` is a hash of the event's id."""

    stamp: bytes
    event: int
    partition: int
    offset: int


Records = dict[bytes, PublishedRecord]


def named(key: bytes) -> str:
    """Return a record's key as a person reads it."""
    return " ".join(part.decode(errors="replace") for part in key.split(b"\x00"))


def read_records(
    reader: TopicReader, decode: PlainDecoder, partitions: Iterable[TopicPartition], findings: Findings
) -> Records:
    """Return the newest record of each key; note one that was written twice, or over a newer one."""
    records: Records = {}
    for message in reader.read_all(partitions):
        topic, partition = reader.bare(message.topic()), message.partition()
        where = f"{topic}/{partition}@{message.offset()}"
        try:
            value = decode.envelope(message.value())
        except PoisonMessage as problem:
            findings.unreadable(MERGE, where, problem)
            continue
        key = changelog_key(value["subject"], value["item"], value["record_key"])
        if key != message.key():
            findings.differ(MERGE, where, f"the key is not that of the record {named(key)}")
        record = PublishedRecord(
            stamp(value),
            hash(value["event_id"]),
            partition,
            message.offset(),
        )
        earlier = records.get(key)
        if earlier is not None:
            if earlier.stamp == record.stamp and earlier.event == record.event:
                findings.differ(MERGE, where, f"double: {named(key)}")
            elif earlier.stamp > record.stamp:
                findings.differ(MERGE, where, f"an older version over a newer one: {named(key)}")
        records[key] = record
    return records


def record_topics() -> tuple[str, str]:
    """Return the topics of enterprises' and of persons' records."""
    return topics.RECORD, topics.PERSON_RECORD
