"""What every transactional producer of the hub does alike."""

import contextlib
from collections.abc import Iterable
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

from bus.access import raise_if_refused
from bus.deadline import deadline
from catalogue.errors import Unavailable

TRANSACTION_S = 30.0
_ABORT_S = 5.0
# Adding offsets takes milliseconds; beyond its own time-out the call is not coming back.
_OFFSETS_S = 10.0
_GIVE_UP_S = _OFFSETS_S + 5


def fence(producer: Producer, who: str) -> None:
    """End a former owner of this transactional id: when this returns, its transactions are committed or aborted.

    Raises Unavailable while the broker does not answer; it can be called again then.
    """
    try:
        producer.init_transactions(TRANSACTION_S)
    except KafkaException as exc:
        raise_if_refused(exc, f"write as {who}")
        if exc.args[0].retriable():
            raise Unavailable(f"The broker did not let {who} begin: {exc}.") from exc
        raise


def produce(
    producer: Producer, topic: str, value: bytes | None, key: bytes | None, partition: int, **more: Any
) -> None:
    """Queue a message for a partition, waiting while the queue is full; ``topic`` is the real name.

    Raises KafkaException when the producer cannot go on, as when somebody else took over.
    """
    while True:
        try:
            producer.produce(topic, value, key, partition, **more)
            return
        except BufferError:
            producer.poll(0.1)
        except KafkaException as exc:
            if exc.args[0].code() == KafkaError._FATAL:
                # Why, only a transaction's own calls say; nothing is committed in this state.
                producer.commit_transaction(TRANSACTION_S)
            raise


def abort(producer: Producer) -> None:
    """Abort the open transaction, which would hide what others commit. The producer must not be used again.

    Messages that were under way may have reached the broker although this process never heard so. librdkafka (2.16)
    gives the same numbers to the messages of the next transaction, and the broker drops these as repetitions while
    their transaction commits: they are lost. A new producer begins with an epoch of its own. Seen in ``make chaos``,
    docs/decisions/0009.
    """
    # What made it fail is what its caller has to know. Where the broker is away, the next producer's start aborts it.
    with contextlib.suppress(KafkaException):
        producer.abort_transaction(_ABORT_S)


def commit_with(producer: Producer, consumer: Consumer, ends: Iterable[TopicPartition]) -> None:
    """Commit the open transaction with the offsets from which its consumer reads on.

    Raises KafkaException when it failed, and is to be aborted, or when somebody else took over. A call that hangs ends
    the process.
    """
    with deadline(_GIVE_UP_S, "The transaction's offsets"):
        producer.send_offsets_to_transaction(list(ends), consumer.consumer_group_metadata(), _OFFSETS_S)
    commit(producer)


def commit(producer: Producer) -> None:
    """Commit the open transaction; raises KafkaException as ``commit_with`` does."""
    while True:
        try:
            producer.commit_transaction(TRANSACTION_S)
            return
        except KafkaException as exc:
            # A timed-out commit is neither done nor undone: only asking again tells.
            if not exc.args[0].retriable():
                raise
