"""One transaction of few messages, by whoever decides something: all of them are published, or none."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from confluent_kafka import KafkaException

from bus import clients
from bus.access import raise_if_refused
from bus.config import BusConfig
from bus.transactions import TRANSACTION_S, abort, produce
from catalogue.errors import Unavailable

Send = Callable[[bytes, str, int], None]
"""Hands over a message: its value, its key and the partition."""


@contextmanager
def sole_writer(config: BusConfig, topic: str, transactional_id: str) -> Iterator[Send]:
    """Publish to a topic what the block hands over, or nothing where it raises.

    Whoever had this id is fenced first: what the block reads is then the last word. Raises Unavailable while Kafka is
    away, and when somebody else took the id in the same moment.
    """
    producer = clients.producer(config, **{"transactional.id": config.topic(transactional_id)})
    name, failed = config.topic(topic), list[str]()

    def delivered(error: Any, message: Any) -> None:
        if error is not None:
            failed.append(str(error))

    def send(value: bytes, key: str, partition: int) -> None:
        produce(producer, name, value, key.encode(), partition, on_delivery=delivered)

    try:
        producer.init_transactions(TRANSACTION_S)
        producer.begin_transaction()
        try:
            yield send
            producer.commit_transaction(TRANSACTION_S)
        except BaseException:
            abort(producer)
            raise
    except KafkaException as exc:
        raise_if_refused(exc, f"write to {topic}")
        raise Unavailable(f"{topic} was not written: {exc}.", remedy="See `credithub status`, and try again.") from exc
    if failed:
        raise Unavailable(f"{topic} was not written: {failed[0]}.", remedy="See `credithub status`, and try again.")
