"""The winning records as their topics hold them, and whether each was written once and in order."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from bus import topics
from bus.reading.offsets import TopicPartition
from bus.reading.topic_reader import TopicReader
from catalogue.envelope import changelog_key
from catalogue.errors import PoisonMessage
from proofs.reconcile.findings import MERGE, Findings
from proofs.reconcile.reading import ENVELOPE_HEAD, head, stamp


class Held(NamedTuple):
    """One winning record; ``event`` is a hash of the event's id."""

    stamp: bytes
    event: int
    partition: int
    offset: int


Records = dict[bytes, Held]


def named(key: bytes) -> str:
    """Return a record's key as a person reads it."""
    return " ".join(part.decode(errors="replace") for part in key.split(b"\x00"))


def read_records(reader: TopicReader, places: Iterable[TopicPartition], findings: Findings) -> Records:
    """Return the newest record of each key; note what was written twice or over a newer one."""
    found: Records = {}
    for message in reader.read(dict.fromkeys(places, 0)):
        topic, number = reader.bare(message.topic()), message.partition()
        place = f"{topic}/{number}@{message.offset()}"
        try:
            value = head(message.value(), ENVELOPE_HEAD)
        except PoisonMessage as problem:
            findings.differ(MERGE, place, f"unreadable: {problem.message}")
            continue
        key = changelog_key(value["subject"], value["item"], value["record_key"])
        if key != message.key():
            findings.differ(MERGE, place, f"the key is not that of the record {named(key)}")
        seen = Held(
            stamp(value["source_time"], value["revision"], value["content_hash"]),
            hash(value["event_id"]),
            number,
            message.offset(),
        )
        before = found.get(key)
        if before is not None:
            if before.stamp == seen.stamp and before.event == seen.event:
                findings.differ(MERGE, place, f"double: {named(key)}")
            elif before.stamp > seen.stamp:
                findings.differ(MERGE, place, f"an older version over a newer one: {named(key)}")
        found[key] = seen
    return found


def record_topics() -> tuple[str, str]:
    """Return the topics of enterprises' and of persons' records."""
    return topics.RECORD, topics.PERSON_RECORD


def behind(records: Mapping[bytes, Held], positions: Mapping[int, int]) -> set[bytes]:
    """Return the keys whose newest message a reader at ``positions`` (by partition) has not read yet."""
    return {key for key, held in records.items() if held.offset >= positions.get(held.partition, 0)}
