"""Read topics to what was their end when the reading began, committed messages only.

A transaction that somebody left open hides what others committed behind it, so its end is waited for: whoever restores
from a topic would otherwise miss his own newest messages.
"""

import time
import uuid
from collections.abc import Iterator, Mapping

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from bus.config import BusConfig, consumer_settings
from bus.offsets import watermarks
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
    config: BusConfig,
    starts: Mapping[str, int],
    *,
    partitions: list[int] | None = None,
) -> Iterator[tuple[str, Message]]:
    """Yield (topic without prefix, message) of several topics at once, as ``scan`` does of one."""
    settings = {"enable.partition.eof": True, "check.crcs": True, "fetch.wait.max.ms": 10}
    consumer = Consumer(consumer_settings(config, f"scan-{uuid.uuid4()}", **settings))
    bare = {config.topic(topic): topic for topic in starts}
    try:
        wanted = [
            TopicPartition(name, number, starts[topic])
            for name, topic in bare.items()
            for number in _partitions(consumer, name, partitions)
        ]
        consumer.assign(wanted)
        ends = watermarks(config, ((bare[tp.topic], tp.partition) for tp in wanted))
        todo = {(config.topic(topic), number): end.high for (topic, number), end in ends.items()}
        heard = time.monotonic()
        while todo:
            # A short time-out: `consume` waits for the whole number of messages or for all of it.
            messages = consumer.consume(5000, timeout=0.05)
            if messages:
                heard = time.monotonic()
            elif time.monotonic() - heard > _SILENT_AT_MOST_S:
                raise Unavailable(
                    f"The broker sent nothing of {', '.join(bare)} for {_SILENT_AT_MOST_S:.0f} s.",
                    remedy="See `credithub status`.",
                )
            for message in messages:
                error = message.error()
                if error is None:
                    yield bare[message.topic()], message
                elif error.name() == "_PARTITION_EOF":
                    # The position alone stops short of a transaction's own marks.
                    if (message.offset() or 0) >= todo.get((message.topic(), message.partition()), 0):
                        todo.pop((message.topic(), message.partition()), None)
                elif not error.retriable():
                    raise KafkaException(error)
    finally:
        consumer.close()


def _partitions(consumer: Consumer, name: str, wanted: list[int] | None) -> list[int]:
    known = consumer.list_topics(name, timeout=30).topics[name]
    if known.error is not None:
        raise Unavailable(f"The topic {name} cannot be read: {known.error.str()}.", remedy="Run `credithub prepare`.")
    return sorted(known.partitions) if wanted is None else wanted
