"""Topics read to their end, whether or not what lies before it is committed yet."""

import time
import uuid
from collections.abc import Collection, Iterator

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from bus.config import BusConfig, consumer_settings
from bus.offsets import offsets
from catalogue.errors import Unavailable

# Longer than the transactions of pushes last at most, a killed one's too (producers.push).
_SILENT_AT_MOST_S = 60.0


def uncommitted_ends(
    config: BusConfig, admin: AdminClient, places: Collection[TopicPartition]
) -> dict[TopicPartition, int]:
    """Return the offset behind the last message of each partition; raises Unavailable when Kafka does not say."""
    return offsets(config, admin, places, OffsetSpec.latest())


def read_to_end(config: BusConfig, topic: str) -> Iterator[Iterator[Message]]:
    """Yield, one partition after the other, the committed messages up to what was the end when reading began.

    A transaction that somebody left open hides what was committed behind it, so this waits until it is over.
    ``topic`` is named without prefix. Raises Unavailable when the broker is silent, or such a transaction does not end.
    """
    name = config.topic(topic)
    admin = AdminClient({"bootstrap.servers": config.bootstrap, "log_level": 3})
    settings = {"enable.partition.eof": True, "fetch.wait.max.ms": 10}
    consumer = Consumer(consumer_settings(config, f"read-{uuid.uuid4()}", **settings))
    try:
        known = admin.list_topics(name, timeout=30).topics[name].partitions
        places = [TopicPartition(name, number) for number in sorted(known)]
        for place, end in uncommitted_ends(config, admin, places).items():
            if end:
                consumer.assign([TopicPartition(name, place.partition, OFFSET_BEGINNING)])
                yield _read(consumer, end)
    except KafkaException as exc:
        raise Unavailable(f"{name} cannot be read: {exc}.", remedy="Try again shortly.") from exc
    finally:
        consumer.close()


def _read(consumer: Consumer, end: int) -> Iterator[Message]:
    heard, reached = time.monotonic(), 0
    while reached < end:
        for message in consumer.consume(5000, timeout=0.02):
            error = message.error()
            if error is None:
                heard = time.monotonic()
                yield message
            elif error.name() == "_PARTITION_EOF":
                # The position alone stops short of a transaction's own marks.
                reached = message.offset() or 0
            elif not error.retriable():
                raise KafkaException(error)
        if time.monotonic() - heard > _SILENT_AT_MOST_S:
            raise Unavailable("A topic cannot be read to its end.", remedy="Try again shortly.")
