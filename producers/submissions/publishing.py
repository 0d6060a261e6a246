"""Messages of one transaction: all of them, or none."""

from collections.abc import Sequence

from confluent_kafka import Producer

from bus.config import BusConfig
from bus.transactions import abort
from producers.submissions.sender import Message

TIMEOUT_S = 60.0


def publish(config: BusConfig, producer: Producer, messages: Sequence[Message]) -> None:
    """Publish messages in one transaction.

    Raises KafkaException when nothing of it was published; another try takes another producer.
    """
    producer.begin_transaction()
    try:
        for message in messages:
            producer.produce(config.topic(message.topic), key=message.key.encode(), value=message.value)
        # Fails when a single message was not delivered, and flushes before it.
        producer.commit_transaction(TIMEOUT_S)
    except BaseException:
        abort(producer)
        raise
