"""What an item's topic holds already: its events read back, the newest word on each record, and lifted revisions."""

import time
import uuid
from collections.abc import Container, Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from bus.codec import Decoder, Registry, full_name, schema_id_of
from bus.config import BusConfig, consumer_settings
from catalogue import avro
from catalogue.envelope import Envelope
from catalogue.errors import PoisonMessage, Unavailable
from catalogue.model import Item
from producers.ends import uncommitted_ends

Key = tuple[str, str]  # subject, record key
_DERIVED = ":w"
# Longer than the transactions of pushes last at most, a killed one's too (producers.push).
_SILENT_AT_MOST_S = 60.0


class EventReader:
    """Reads the envelopes of one item's events, in the order of each partition."""

    def __init__(self, config: BusConfig, registry: Registry, item: Item) -> None:
        self._config, self._topic = config, config.topic(avro.topic(item.category))
        self._decode, self._name = Decoder(registry), full_name(avro.event_schema(item))
        self._is_item: dict[int, bool] = {}

    def partitions(self) -> Iterator[Iterator[Envelope]]:
        """Yield, one partition after the other, the events up to what was its end; a subject is in one of them.

        A transaction that somebody left open hides what was committed behind it, so this waits until it is over.
        Raises Unavailable when the broker is silent, or such a transaction does not end.
        """
        settings = {"enable.partition.eof": True, "fetch.wait.max.ms": 10}
        consumer = Consumer(consumer_settings(self._config, f"earlier-{uuid.uuid4()}", **settings))
        try:
            for place, end in self._ends().items():
                if end:
                    consumer.assign([TopicPartition(place.topic, place.partition, OFFSET_BEGINNING)])
                    yield self._read(consumer, end)
        except KafkaException as exc:
            raise Unavailable(f"The events sent before cannot be read: {exc}.", remedy="Try again shortly.") from exc
        finally:
            consumer.close()

    def _ends(self) -> dict[TopicPartition, int]:
        admin = AdminClient({"bootstrap.servers": self._config.bootstrap, "log_level": 3})
        known = admin.list_topics(self._topic, timeout=30).topics[self._topic].partitions
        return uncommitted_ends(admin, [TopicPartition(self._topic, number) for number in sorted(known)])

    def _read(self, consumer: Consumer, end: int) -> Iterator[Envelope]:
        heard, reached = time.monotonic(), 0
        while reached < end:
            messages = consumer.consume(5000, timeout=0.02)
            for message in messages:
                error = message.error()
                if error is None:
                    value = message.value()
                    heard = time.monotonic()
                    if isinstance(value, bytes) and self._of_item(value):
                        yield self._decode.envelope(value)[0]
                elif error.name() == "_PARTITION_EOF":
                    # The position alone stops short of a transaction's own marks.
                    reached = message.offset()
                elif not error.retriable():
                    raise KafkaException(error)
            if time.monotonic() - heard > _SILENT_AT_MOST_S:
                raise Unavailable("The events sent before cannot be read to their end.", remedy="Try again shortly.")

    def _of_item(self, value: bytes) -> bool:
        try:
            schema_id = schema_id_of(value)
            if schema_id not in self._is_item:
                self._is_item[schema_id] = self._decode.name(value) == self._name
        except PoisonMessage:
            return False
        return self._is_item[schema_id]


def is_derived(event_id: str) -> bool:
    """Whether an event is a withdrawal that a whole list made (producers.full), no row of a file."""
    return _DERIVED in event_id


def derived_id(submission_id: str, digest: str) -> str:
    """Return the id of the withdrawal that a submission derives for one record; the same whenever it is derived."""
    return f"{submission_id}{_DERIVED}{digest}"


class Lift(NamedTuple):
    """The highest revision of a record since a whole list withdrew it, and whether it still is withdrawn."""

    source_time: datetime
    revision: int
    withdrawn: bool


def lifts(events: Iterable[Envelope], submissions: Container[str], current: str) -> dict[Key, Lift]:
    """Return the lifts of the records that one of these ``submissions`` withdrew by leaving them out.

    The events of the ``current`` submission do not count: a killed push has to go on as it began.
    """
    found: dict[Key, Lift] = {}
    for event in events:
        if event.submission_id not in submissions or event.submission_id == current:
            continue
        key = (event.subject, event.record_key)
        held = found.get(key)
        derived = is_derived(event.event_id)
        if derived and (held is None or (event.source_time, event.revision) > held[:2]):
            found[key] = Lift(event.source_time, event.revision, True)
        elif held is not None and event.source_time == held.source_time and event.revision > held.revision:
            found[key] = Lift(event.source_time, event.revision, derived)
    return found
