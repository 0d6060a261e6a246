"""Follows topics that say what counts: read to their end before anybody is answered, and without end after that."""

import logging
from collections.abc import Callable, Sequence

import confluent_kafka
from confluent_kafka import Message

from bus import clients
from bus.config import BusConfig
from bus.reading.offsets import TopicPartition, partitions, watermarks
from bus.reading.receiving import receive
from bus.reading.scan import scan_partitions
from catalogue.errors import PoisonMessage
from monitoring.metrics import OUTCOMES

log = logging.getLogger(__name__)

_AT_ONCE, _MORE_S, _IDLE_S = 1000, 0.05, 1.0
Take = Callable[[str, Message], None]
"""Takes a message of a topic (named without prefix); raises PoisonMessage, and Unavailable."""


class FollowedTopics:
    """One reader. It belongs to no group: where it reads on is known by what it took."""

    def __init__(self, config: BusConfig, stage: str, names: Sequence[str], take: Take) -> None:
        """``stage``: who counts what cannot be read."""
        self._config, self._stage, self._names, self._take = config, stage, names, take
        self._bare = {config.topic(name): name for name in names}
        self._next: dict[TopicPartition, int] = {}
        self._consumer: confluent_kafka.Consumer | None = None
        for name in names:
            OUTCOMES.labels(self._stage, name, "poison")

    def open(self) -> None:
        """Read everything up to now; raises Unavailable while Kafka or the registry is away: then again."""
        starts = {TopicPartition(name, one): 0 for name in self._names for one in partitions(self._config, name)}
        ends = watermarks(self._config, starts)
        self._next = {key: ends[key].low for key in starts}
        for _, message in scan_partitions(self._config, dict(self._next), ends):
            self._taken(message)
        # Behind the last message there may be the end of a transaction, which is no message.
        self._next = {key: max(at, ends[key].high) for key, at in self._next.items()}
        self._consumer = clients.consumer(self._config, self._config.own("followed"))
        self._seek()

    def follow(self) -> None:
        """Take what comes within about a second; raises Unavailable while the registry is away: then again."""
        assert self._consumer is not None
        messages = receive(self._consumer, _AT_ONCE, _MORE_S, first_s=_IDLE_S)
        try:
            for message in messages:
                self._taken(message)
        except BaseException:
            self._seek()
            raise

    def close(self) -> None:
        """Read no more."""
        if self._consumer is not None:
            self._consumer.close()

    def _taken(self, message: Message) -> None:
        name = self._bare[message.topic()]
        try:
            self._take(name, message)
        except PoisonMessage as problem:
            OUTCOMES.labels(self._stage, name, "poison").inc()
            log.error("%s/%d@%d says nothing: %s", name, message.partition(), message.offset(), problem)
        self._next[TopicPartition(name, message.partition())] = message.offset() + 1

    def _seek(self) -> None:
        assert self._consumer is not None
        self._consumer.assign([key.real(self._config, at) for key, at in self._next.items()])
