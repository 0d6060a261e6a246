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
    settings = {
        "enable.partition.eof": True,
        "check.crcs": True,
        "fetch.wait.max.ms": 10,
        # A worker restores all its numbers at once, each by a client that would fetch so much ahead.
        "queued.max.messages.kbytes": 4096,
        "max.partition.fetch.bytes": 262_144,
    }
    consumer = Consumer(consumer_settings(config, f"scan-{uuid.uuid4()}", **settings))
    bare = {config.topic(topic): topic for topic in starts}
    todo = {
        TopicPartition(config.topic(topic), number): end.high
        for (topic, number), end in ends.items()
        if end.high > max(end.low, starts[topic])
    }
    try:
        consumer.assign([TopicPartition(p.topic, p.partition, starts[bare[p.topic]]) for p in todo])
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
            reached = []
            for message in messages:
                error = message.error()
                if error is None:
                    yield bare[message.topic()], message
                elif error.name() == "_PARTITION_EOF":
                    # Behind the last message there may be a transaction's own marks, which are no messages.
                    reached.append(TopicPartition(message.topic(), message.partition(), message.offset()))
                elif not error.retriable():
                    raise KafkaException(error)
            # Where somebody goes on writing, the end of today is passed without stopping there.
            for place in (*reached, *consumer.position([*todo])):
                if place.offset >= todo.get(place, place.offset + 1):
                    del todo[place]
    except KafkaException as exc:
        raise Unavailable(f"{', '.join(starts)} cannot be read: {exc}.", remedy="See `credithub status`.") from exc
    finally:
        consumer.close()
