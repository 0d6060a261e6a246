"""Messages as a sink takes them, with what is wrong told apart from what passes."""

import time
from collections.abc import Callable

from confluent_kafka import Consumer, KafkaException, Message

from bus.access import is_refusal, refused


def receive(
    consumer: Consumer,
    most: int,
    wait_s: float,
    *,
    first_s: float = 0.0,
    notes: Callable[[Message], bool] = lambda event: False,
) -> list[Message]:
    """Return the messages that come within ``wait_s``, or the first ``most``.

    ``first_s``: how long to wait for the first one before that; an idle process then wakes seldom and hears it at once.
    ``notes``: takes what the client tells of a partition that is no message, and returns whether it did.
    What the client calls retriable is left out; of a broker that is away nothing comes. Raises KafkaException,
    and AccessDenied.
    """
    messages: list[Message] = []
    if first_s:
        messages = consumer.consume(1, timeout=first_s)
        if not messages:
            return []
        # As long as a message waits on average that comes into one wait after another.
        wait_s /= 2
    messages += consumer.consume(most - len(messages), timeout=wait_s) if most > len(messages) else []
    return [message for message in messages if not _passes(message, notes)]


def age_s(message: Message) -> float:
    """Return how long ago a message was written, in seconds."""
    return time.time() - float(message.timestamp()[1]) / 1000


def _passes(message: Message, notes: Callable[[Message], bool]) -> bool:
    error = message.error()
    if error is None:
        return False
    if notes(message):
        return True
    if is_refusal(error):
        raise refused("read on", error)
    if error.fatal() or not error.retriable():
        raise KafkaException(error)
    return True
