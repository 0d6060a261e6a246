"""The producer of one partition: what a batch comes to is published in one transaction or not at all.

Its ``transactional.id`` is the partition's, so that whoever takes the partition over fences whoever had it.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from confluent_kafka import KafkaException

from bus import clients, topics
from bus.config import BusConfig
from bus.transactions import abort, produce
from catalogue.errors import Unavailable

log = logging.getLogger(__name__)
_TIMEOUT_S = 60.0
# The topic of dead letters has one partition.
_DEAD_LETTERS_PARTITION = 0

KeyedMessages = Sequence[tuple[bytes | None, bytes]]


class PartitionProducer:
    """Publishes for one partition, one transaction at a time; after a failure it is to be thrown away (decision 9).

    Making one ends the transactions of every former owner. Raises Unavailable when the broker is away.
    """

    def __init__(self, config: BusConfig, processor: str, partition: int) -> None:
        self._config, self._partition = config, partition
        self._open = False
        self._failed: Exception | None = None
        self._ends: dict[str, int] = {}
        self._producer = clients.producer(
            config,
            **{
                "transactional.id": config.topic(f"{processor}.{partition}"),
                "transaction.timeout.ms": int(_TIMEOUT_S * 1000),
                "linger.ms": 5,
                # Each partition has a producer of its own, whose first connection must not be waited for.
                "reconnect.backoff.ms": 5,
                "retry.backoff.ms": 5,
            },
        )
        try:
            self._producer.init_transactions(_TIMEOUT_S)
        except KafkaException as exc:
            raise Unavailable(f"The broker did not let partition {partition} begin: {exc}.") from exc

    def send(self, messages: Mapping[str, KeyedMessages], dead_letters: Iterable[bytes]) -> None:
        """Begin a transaction and hand over all its messages, by topic without prefix; ``commit`` comes next."""
        self._failed, self._open, self._ends = None, True, {}
        self._producer.begin_transaction()
        try:
            for topic, keyed in messages.items():
                if keyed:
                    self._send(self._config.topic(topic), keyed)
            rejected = self._config.topic(topics.REJECTED)
            for value in dead_letters:
                produce(self._producer, rejected, value, None, _DEAD_LETTERS_PARTITION, on_delivery=self._delivered)
        except Exception:
            self._abort()
            raise

    def commit(self) -> Mapping[str, int]:
        """Wait until the broker has all of it, and return the offset of each topic's last message, by real name.

        Raises what the broker said; nothing was published then.
        """
        try:
            self._producer.commit_transaction(_TIMEOUT_S)
            if self._failed is not None:
                raise self._failed
        except Exception:
            self._abort()
            raise
        self._open = False
        return self._ends

    def close(self) -> None:
        """Abort a transaction that was left open: it would hide what others commit."""
        if self._open:
            self._abort()

    def _send(self, topic: str, keyed: KeyedMessages) -> None:
        *others, (last_key, last) = keyed
        producer, partition = self._producer, self._partition
        for key, value in others:
            produce(producer, topic, value, key, partition)
        # The last one alone tells where it came to lie: the broker keeps a partition's order, and a message that is
        # not delivered fails the transaction.
        produce(producer, topic, last, last_key, partition, on_delivery=self._delivered)

    def _abort(self) -> None:
        log.warning("partition %d: transaction aborted", self._partition)
        self._open = False
        abort(self._producer)

    def _delivered(self, error: Any, message: Any) -> None:
        if error is not None:
            self._failed = RuntimeError(f"a message was not delivered: {error}")
        else:
            self._ends[message.topic()] = message.offset()
