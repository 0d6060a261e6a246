"""Messages as a sink takes them, with what is wrong told apart from what passes."""

import time

from confluent_kafka import Consumer, KafkaException, Message


def receive(consumer: Consumer, most: int, wait_s: float) -> list[Message]:
    """Return the messages that come within ``wait_s``, or the first ``most``.

    What the client calls retriable is left out; of a broker that is away nothing comes. Raises KafkaException.
    """
    return [message for message in consumer.consume(most, timeout=wait_s) if not _passes(message)]


def age_s(message: Message) -> float:
    """Return how long ago a message was written, in seconds."""
    return time.time() - float(message.timestamp()[1]) / 1000


def _passes(message: Message) -> bool:
    error = message.error()
    if error is None:
        return False
    if error.fatal() or not error.retriable():
        raise KafkaException(error)
    return True
