"""Read topics to what was their end when the reading began, committed messages only.

A transaction that somebody left open hides what others committed behind it, so its end is waited for: whoever restores
from a topic would otherwise miss his own newest messages.
"""

import time
import uuid
from collections.abc import Iterator, Mapping

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from bus import offsets
from bus.config import BusConfig, consumer_settings
from catalogue.errors import Unavailable

# Longer than any transaction of ours may last, a killed process's too.
_SILENT_AT_MOST_S = 75.0


def scan(
    config: BusConfig,
    topic: str,
    *,
    partitions: list[int] | None = None,
    start: int = 0,
) -> Iterator[Message]:
    """Yield every committed message of a topic (named without prefix), each partition's in offset order.

    ``start`` is the first offset of interest, in each partition.

    Raises Unavailable when nothing comes for long before the end was reached: the broker is away, or a
    transaction does not end.
    """
    for _, message in scan_topics(config, {topic: start}, partitions=partitions):
        yield message


def scan_topics(
    config: BusConfig, starts: Mapping[str, int], *, partitions: list[int] | None = None
) -> Iterator[tuple[str, Message]]:
    """Yield (topic without prefix, message) of several topics at once, as ``scan`` does of one."""
    places = [
        (topic, number)
        for topic in starts
        for number in (offsets.partitions(config, topic) if partitions is None else partitions)
    ]
    ends = offsets.watermarks(config, places)
    settings = {"enable.partition.eof": True, "check.crcs": True, "fetch.wait.max.ms": 10}
    consumer = Consumer(consumer_settings(config, f"scan-{uuid.uuid4()}", **settings))
    try:
        consumer.assign([TopicPartition(config.topic(topic), number, starts[topic]) for topic, number in places])
        todo = {(config.topic(topic), number): end.high for (topic, number), end in ends.items()}
        heard = time.monotonic()
        while todo:
            # A short time-out: `consume` waits for the whole number of messages or for all of it.
            messages = consumer.consume(5000, timeout=0.05)
            if messages:
                heard = time.monotonic()
            elif time.monotonic() - heard > _SILENT_AT_MOST_S:
                raise Unavailable(
                    f"The broker sent nothing of {', '.join(starts)} for {_SILENT_AT_MOST_S:.0f} s.",
                    remedy="See `credithub status`.",
                )
            for message in messages:
                place, error = (message.topic() or "", message.partition() or 0), message.error()
                if error is None:
                    yield config.name_of(place[0]), message
                    reached = (message.offset() or 0) + 1
                elif error.name() == "_PARTITION_EOF":
                    # The last message alone stops short of a transaction's own marks.
                    reached = message.offset() or 0
                elif error.retriable():
                    continue
                else:
                    raise KafkaException(error)
                if place in todo and reached >= todo[place]:
                    del todo[place]
    except KafkaException as exc:
        raise Unavailable(f"{', '.join(starts)} cannot be read: {exc}.", remedy="See `credithub status`.") from exc
    finally:
        consumer.close()
