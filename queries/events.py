"""What the topics hold of one subject: every version ever reported, and the business date of its streams."""

from datetime import date

from bus import topics
from bus.avro.decoding import Decoder
from bus.business_date import business_date_of
from bus.partitions import partition_of
from bus.reading.offsets import TopicPartition
from bus.reading.topic_reader import TopicReader
from catalogue.errors import PoisonMessage
from rules.merge import Record


def partition_holding(reader: TopicReader, topic: str, subject: str) -> TopicPartition:
    """Return the partition that holds a subject in a topic; raises Unavailable when there is no such topic."""
    return TopicPartition(topic, partition_of(subject, len(reader.partitions((topic,)))))


def events_of(reader: TopicReader, decode: Decoder, source: TopicPartition, subject: str, item: str) -> list[Record]:
    """Return every event of a subject's item, in the order of the topic; ``source`` is read from the beginning."""
    events: list[Record] = []
    key = subject.encode()
    for message in reader.read_all((source,)):
        if message.key() != key:
            continue
        try:
            envelope, head, schema_id, payload = decode.envelope(message.value() or b"")
        except PoisonMessage:
            continue  # for the merge it is a dead letter; `credithub reconcile` names it
        if envelope.item == item and envelope.subject == subject:
            events.append(Record(envelope, schema_id, payload, head))
    return events


def business_day(reader: TopicReader, decode: Decoder, subject: str) -> date | None:
    """Return the newest business date that was published to the subject's partition; None before the first."""
    source = partition_holding(reader, topics.CALENDAR, subject)
    days = (business_date_of(decode, message.value()) for message in reader.read_all((source,)))
    return max((day for day in days if day is not None), default=None)
