"""The producer of one partition: what a batch comes to is published in one transaction or not at all.

Its ``transactional.id`` is the partition's, so that whoever takes the partition over fences whoever had it.
"""

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from confluent_kafka import KafkaException

from bus import clients, topics
from bus.access import raise_if_refused
from bus.config import BusConfig
from bus.transactions import abort, produce
from catalogue.errors import Unavailable
from processing.output import Headers, Output

log = logging.getLogger(__name__)
_TIMEOUT_S = 60.0
# The topic of dead letters has one partition.
_DEAD_LETTERS_PARTITION = 0

_NO_HEADERS: Headers = []


class PartitionProducer:
    """Publishes for one partition, one transaction at a time; after a failure it is to be thrown away (decision 9).

    Making one ends the transactions of every former owner. Raises Unavailable when the broker is away.
    """

    def __init__(self, config: BusConfig, processor: str, partition: int, compression: str = "lz4") -> None:
        self._config, self._partition = config, partition
        self._open = False
        self._failed: Exception | None = None
        self._ends: dict[str, int] = {}
        # The newest message of each topic (real name), which is produced when a newer one, or the commit, comes.
        self._last: dict[str, tuple[bytes | None, bytes, Headers]] = {}
        self._producer = clients.producer(
            config,
            **{
                "transactional.id": config.topic(f"{processor}.{partition}"),
                "transaction.timeout.ms": int(_TIMEOUT_S * 1000),
                "compression.type": compression,
                "linger.ms": 5,
                # Each partition has a producer of its own, whose first connection must not be waited for.
                "reconnect.backoff.ms": 5,
                "retry.backoff.ms": 5,
            },
        )
        try:
            self._producer.init_transactions(_TIMEOUT_S)
        except KafkaException as exc:
            raise_if_refused(exc, f"write as {processor}.{partition}")
            raise Unavailable(f"The broker did not let partition {partition} begin: {exc}.") from exc

    def begin(self) -> None:
        """Begin a transaction; ``send`` what belongs to it, then ``commit``."""
        self._failed, self._open, self._ends, self._last = None, True, {}, {}
        self._producer.begin_transaction()

    def send(self, output: Output, dead_letters: Iterable[bytes]) -> None:
        """Hand over the messages of an output; the broker takes them while others are made."""
        for topic, keyed in output.messages.items():
            self._queue(topic, [(key, value, _NO_HEADERS) for key, value in keyed])
        for topic, headed in output.headed.items():
            self._queue(topic, headed)
        rejected = self._config.topic(topics.REJECTED)
        for value in dead_letters:
            produce(self._producer, rejected, value, None, _DEAD_LETTERS_PARTITION, on_delivery=self._delivered)

    def commit(self) -> Mapping[str, int]:
        """Wait until the broker has all of it, and return the offset of each topic's last message, by real name.

        Raises what the broker said; nothing was published then.
        """
        try:
            # These alone tell where they came to lie: the broker keeps a partition's order, and a message that is not
            # delivered fails the transaction.
            for name, (key, value, headers) in self._last.items():
                more = {"headers": headers, "on_delivery": self._delivered}
                produce(self._producer, name, value, key, self._partition, **more)
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

    def _queue(self, topic: str, messages: Iterable[tuple[bytes | None, bytes, Headers]]) -> None:
        producer, partition, last = self._producer, self._partition, self._last
        name = self._config.topic(topic)
        for message in messages:
            if (before := last.get(name)) is not None:
                produce(producer, name, before[1], before[0], partition, headers=before[2])
            last[name] = message

    def _abort(self) -> None:
        log.warning("partition %d: transaction aborted", self._partition)
        self._open = False
        abort(self._producer)

    def _delivered(self, error: Any, message: Any) -> None:
        if error is not None:
            self._failed = RuntimeError(f"a message was not delivered: {error}")
        else:
            self._ends[message.topic()] = message.offset()
