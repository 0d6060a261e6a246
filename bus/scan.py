"""Read a topic from its beginning to what was its end when the scan began, committed messages only."""

import time
import uuid
from collections.abc import Iterator, Mapping

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from bus.config import BusConfig, consumer_settings
from catalogue.errors import Unavailable


def scan(
    config: BusConfig,
    topic: str,
    *,
    partitions: list[int] | None = None,
    start: int = 0,
    idle_s: float = 30.0,
) -> Iterator[Message]:
    """Yield every committed message of a topic (named without prefix), each partition's in offset order.

    ``start`` is the first offset of interest, in each partition.

    Raises Unavailable when the broker is silent for ``idle_s`` seconds before the end was reached.
    """
    for _, message in scan_topics(config, {topic: start}, partitions=partitions, idle_s=idle_s):
        yield message


def scan_topics(
    config: BusConfig, starts: Mapping[str, int], *, partitions: list[int] | None = None, idle_s: float = 30.0
) -> Iterator[tuple[str, Message]]:
    """Yield (topic without prefix, message) of several topics at once, as ``scan`` does of one."""
    settings = {"enable.partition.eof": True, "check.crcs": True, "fetch.wait.max.ms": 10}
    consumer = Consumer(consumer_settings(config, f"scan-{uuid.uuid4()}", **settings))
    bare = {config.topic(topic): topic for topic in starts}
    try:
        wanted = [
            TopicPartition(name, number, starts[topic])
            for name, topic in bare.items()
            for number in _partitions(consumer, name, partitions, idle_s)
        ]
        consumer.assign(wanted)
        todo = {(tp.topic, tp.partition) for tp in wanted}
        heard = time.monotonic()
        while todo:
            # A short time-out: `consume` waits for the whole number of messages or for all of it.
            messages = consumer.consume(5000, timeout=0.05)
            if messages:
                heard = time.monotonic()
            elif time.monotonic() - heard > idle_s:
                raise Unavailable(
                    f"The broker sent nothing of {', '.join(bare)} for {idle_s:.0f} s.",
                    remedy="See `credithub status`.",
                )
            for message in messages:
                error = message.error()
                if error is None:
                    yield bare[message.topic()], message
                elif error.name() == "_PARTITION_EOF":
                    todo.discard((message.topic(), message.partition()))
                elif not error.retriable():
                    raise KafkaException(error)
    finally:
        consumer.close()


def _partitions(consumer: Consumer, name: str, wanted: list[int] | None, timeout_s: float) -> list[int]:
    known = consumer.list_topics(name, timeout=timeout_s).topics[name]
    if known.error is not None:
        raise Unavailable(f"The topic {name} cannot be read: {known.error.str()}.", remedy="Run `credithub prepare`.")
    return sorted(known.partitions) if wanted is None else wanted
