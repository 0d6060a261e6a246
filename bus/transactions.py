"""What every transactional producer of the hub does alike."""

from collections.abc import Mapping
from typing import Any

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from bus.deadline import deadline

TRANSACTION_S = 30.0
# Adding offsets takes milliseconds; beyond its own time-out the call is not coming back.
_OFFSETS_S = 10.0
_GIVE_UP_S = _OFFSETS_S + 5


def produce(producer: Producer, topic: str, value: bytes, key: bytes | None, number: int, **more: Any) -> None:
    """Queue a message for a partition, waiting while the queue is full; ``topic`` is the real name."""
    while True:
        try:
            producer.produce(topic, value, key, number, **more)
            return
        except BufferError:
            producer.poll(0.1)


def commit_with(producer: Producer, consumer: Consumer, topic: str, ends: Mapping[int, int]) -> None:
    """Commit the open transaction with the offsets, by partition of ``topic``, from which its consumer reads on.

    Raises KafkaException when it is aborted or somebody else took over. A call that hangs ends the process.
    """
    with deadline(_GIVE_UP_S, "The transaction's offsets"):
        producer.send_offsets_to_transaction(
            [TopicPartition(topic, number, offset) for number, offset in ends.items()],
            consumer.consumer_group_metadata(),
            _OFFSETS_S,
        )
    while True:
        try:
            producer.commit_transaction(TRANSACTION_S)
            return
        except KafkaException as exc:
            # A timed-out commit is neither done nor undone: only asking again tells.
            if not exc.args[0].retriable():
                raise
