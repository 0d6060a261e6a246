"""Read a topic from its beginning to what was its end when the scan began, committed messages only."""

import time
import uuid
from collections.abc import Iterator

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
    consumer = Consumer(
        consumer_settings(
            config,
            f"scan-{uuid.uuid4()}",
            **{"enable.partition.eof": True, "check.crcs": True, "fetch.wait.max.ms": 10},
        )
    )
    name = config.topic(topic)
    try:
        known = consumer.list_topics(name, timeout=idle_s).topics[name]
        if known.error is not None:
            raise Unavailable(
                f"The topic {name} cannot be read: {known.error.str()}.", remedy="Run `credithub prepare`."
            )
        wanted = sorted(known.partitions) if partitions is None else partitions
        consumer.assign([TopicPartition(name, p, start) for p in wanted])
        open_partitions = set(wanted)
        heard = time.monotonic()
        while open_partitions:
            # A short time-out: `consume` waits for the whole number of messages or for all of it.
            messages = consumer.consume(5000, timeout=0.05)
            if messages:
                heard = time.monotonic()
            elif time.monotonic() - heard > idle_s:
                raise Unavailable(
                    f"The broker sent nothing of {name} for {idle_s:.0f} s.", remedy="See `credithub status`."
                )
            for message in messages:
                error = message.error()
                if error is None:
                    yield message
                elif error.name() == "_PARTITION_EOF":
                    open_partitions.discard(message.partition())
                elif not error.retriable():
                    raise KafkaException(error)
    finally:
        consumer.close()
