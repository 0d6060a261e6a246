"""Messages of one transaction: all of them, or none."""

import contextlib
from collections.abc import Sequence

from confluent_kafka import KafkaException, Producer

from bus.config import BusConfig
from producers.sender import Message

TIMEOUT_S = 60.0


def publish(config: BusConfig, producer: Producer, messages: Sequence[Message]) -> None:
    """Publish messages in one transaction; raises KafkaException when nothing of it was published."""
    producer.begin_transaction()
    try:
        for message in messages:
            producer.produce(config.topic(message.topic), key=message.key.encode(), value=message.value)
        # Fails when a single message was not delivered, and flushes before it.
        producer.commit_transaction(TIMEOUT_S)
    except BaseException:
        # Left open, it would hide what others commit until its time is over.
        with contextlib.suppress(KafkaException):
            producer.abort_transaction(5)
        raise
