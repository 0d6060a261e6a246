"""Reads what changed for one owner, and publishes what comes of a batch in one transaction with its positions.

Shared by the sinks of the banks and of the platform above, and by the portal. A reader of the published topics with
``read_committed`` sees each batch once, whatever is killed.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from confluent_kafka import Message

from bus import clients, topics
from bus.config import BusConfig
from bus.reading.offsets import TopicPartition, committed, partitions, refuse_beyond, watermarks
from bus.reading.scan import scan
from bus.transactions import TRANSACTION_S, abort, commit, commit_with, fence, produce
from catalogue.errors import IntegrityError

Published = tuple[str, bytes, bytes, int]
"""A message that is published: topic (real name), value, key, partition."""


class ChangeFeed:
    """A consumer and a transactional producer under one name: ``group`` is both the group and the transactional id.

    ``reads``: the topics that are read, without prefix; all have as many partitions. ``consumer_settings``: by
    librdkafka's names.
    """

    def __init__(
        self, config: BusConfig, group: str, reads: Sequence[str] = (topics.CHANGE,), **consumer_settings: Any
    ) -> None:
        self._config, self._group, self._reads = config, group, reads
        self.sources = {config.topic(name): name for name in reads}
        self.consumer = clients.consumer(config, group, **consumer_settings)
        self._producer = clients.producer(config, **{"transactional.id": config.topic(group)})
        self._is_fenced = False
        # From where the first batch reads on; below 0: from the beginning.
        self._starts: dict[TopicPartition, int] = {}
        # From where the next transaction reads on.
        self._reached: dict[TopicPartition, int] = {}

    def fence(self) -> None:
        """End a former owner: when this returns, all of its transactions are committed or aborted.

        Raises Unavailable while the broker does not answer; it can be called again then.
        """
        if self._is_fenced:
            return
        fence(self._producer, self._group)
        self._is_fenced = True

    def positions(self) -> Mapping[TopicPartition, int]:
        """Return where the last transaction ended; partitions that were never read are left out.

        Raises Unavailable while Kafka does not say it.
        """
        wanted = [key.real(self._config) for key in self.partitions(*self._reads)]
        self._starts = {
            TopicPartition(self.sources[one.topic], one.partition): one.offset
            for one in committed(self.consumer, wanted, TRANSACTION_S)
        }
        self._reached = {key: offset for key, offset in self._starts.items() if offset >= 0}
        return self._reached

    def partitions(self, *names: str) -> list[TopicPartition]:
        """Return the partitions of topics; raises Unavailable when they cannot be read."""
        return [TopicPartition(name, number) for name in names for number in partitions(self._config, name)]

    def ends(self, *names: str) -> dict[TopicPartition, int]:
        """Return up to where topics can be read now; raises Unavailable while Kafka does not say it."""
        return {key: end.high for key, end in watermarks(self._config, self.partitions(*names), stable=True).items()}

    def begin_at(self, positions: Mapping[TopicPartition, int]) -> None:
        """Read on from these offsets, in whose partitions no transaction has ended yet."""
        self._starts |= positions
        self._reached |= positions

    def refuse_forgotten(self, problem: str) -> None:
        """Raise IntegrityError with this ``problem``: something was delivered, but the group's offsets are gone."""
        raise IntegrityError(
            problem,
            remedy=f"Set the offsets of the group {self._config.topic(self._group)}, and the broker's"
            " offsets.retention.minutes to years.",
        )

    def assign(self, who: str) -> dict[TopicPartition, int]:
        """Read on from the positions, and return them; raises IntegrityError when they lie beyond the topic's end."""
        refuse_beyond(self._config, self._reached, who)
        # Assigned, not subscribed: there is one owner, who need not wait for a dead one's session to end.
        self.consumer.assign([key.real(self._config, offset) for key, offset in self._starts.items()])
        return {key: max(offset, 0) for key, offset in self._starts.items()}

    def publish(
        self, out: Iterable[Published], messages: Sequence[Message], *, is_told_first: bool = False, **more: Any
    ) -> None:
        """Commit what was made of these messages, with the positions behind them, in one transaction.

        ``is_told_first``: the broker has what is published before it is asked for the positions. Who is fenced hears
        it then; in the midst of that question librdkafka would never answer (``bus.deadline``). It costs a round trip.
        ``more``: what else ``produce`` is told of each message that is published.
        Whatever may fail for want of a service belongs before this: there is nothing to abort then.
        Raises KafkaException when it failed or another owner took over: ``abort`` then, and never publish again.
        """
        self._producer.begin_transaction()
        for topic, value, key, partition in out:
            produce(self._producer, topic, value, key, partition, **more)
        if is_told_first:
            self._producer.flush(TRANSACTION_S)
        # The positions of all partitions, each time. The broker forgets a partition's offset by its age, and a quiet
        # partition whose offset is forgotten would have all of its changes delivered again.
        read = {TopicPartition(self.sources[m.topic()], m.partition()): m.offset() + 1 for m in messages}
        reached = self._reached | read
        commit_with(self._producer, self.consumer, [key.real(self._config, at) for key, at in reached.items()])
        self._reached = reached

    def publish_alone(self, out: Iterable[Published], **more: Any) -> None:
        """Commit messages in a transaction that moves no position; raises KafkaException as ``publish`` does."""
        self._producer.begin_transaction()
        for topic, value, key, partition in out:
            produce(self._producer, topic, value, key, partition, **more)
        commit(self._producer)

    def abort(self) -> None:
        """Abort the open transaction; the producer cannot be used afterwards."""
        abort(self._producer)

    def close(self) -> None:
        """Leave the group."""
        self.consumer.close()


def is_empty(config: BusConfig, topic: str) -> bool:
    """Whether a topic (without prefix) holds no committed message; raises Unavailable when it cannot be read."""
    return next(scan(config, topic), None) is None
