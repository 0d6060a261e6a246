"""What waits behind a position: how much, and since when. Transaction markers are no messages, so they never wait.

Offsets alone cannot tell: behind the last message of a transaction lies its marker, which takes an offset and is never
read. So where the end lies beyond a position, one look at the first message behind it decides.
"""

import time
from collections.abc import Mapping
from typing import NamedTuple

import confluent_kafka
from confluent_kafka import Consumer, KafkaException, Message
from confluent_kafka.admin import AdminClient, OffsetSpec

from bus import clients, topics
from bus.config import BusConfig
from bus.reading.offsets import TopicPartition, connected, offsets
from catalogue.errors import Unavailable

_ANSWER_WITHIN_S = 5.0
# A partition that moves on through a long queue is looked at seldom: each look costs the broker a batch. A short rest
# is always looked at, for it may be markers alone.
_LOOK_EVERY_S = 20.0
_SHORT = 16
_AT_ONCE = 50
# Only the first message of each partition is looked at.
_LITTLE = {
    "enable.partition.eof": True,
    "fetch.wait.max.ms": 10,
    "max.partition.fetch.bytes": 16_384,
    "queued.min.messages": 1,
    "queued.max.messages.kbytes": 1024,
}


class Waiting(NamedTuple):
    """The oldest message that waits in a partition, and how far it is from there to the end, markers included."""

    offset: int
    messages: int
    written_at: float
    """Seconds since the epoch."""


class LagReader:
    """Says what waits; its clients are its own, so it answers while the reader that it is about is stuck.

    Not thread-safe. What it found out stays known, so a position that stands still is looked at once.
    """

    def __init__(self, config: BusConfig) -> None:
        self._config = config
        self._admin: AdminClient | None = None
        self._consumer: Consumer | None = None
        # No message lies between the position at that time and this offset.
        self._empty_to: dict[TopicPartition, int] = {}
        self._oldest: dict[TopicPartition, tuple[int, float]] = {}
        # When each partition was last looked at, by the wall clock, and the positions of the last question.
        self._looked_at: dict[TopicPartition, float] = {}
        self._last: Mapping[TopicPartition, int] = {}

    def close(self) -> None:
        """Close the clients."""
        if self._consumer is not None:
            self._consumer.close()

    def waiting(self, reached: Mapping[TopicPartition, int]) -> dict[TopicPartition, Waiting | None]:
        """Return what waits behind the next offset of each partition; None: nothing that can be read yet.

        A partition of which the broker sent nothing in time is left out. Raises Unavailable when it is away, also when
        there is no position to ask for: a member whose session ended, because its broker hangs, owns no partition.
        """
        if not reached:
            self._hear()
        ends = self._ends(reached)
        now = time.time()
        starts: dict[TopicPartition, int] = {}
        queued: dict[TopicPartition, int] = {}
        for key, end in ends.items():
            if self._empty_to.get(key, 0) > end:
                # The topic lost its tail, or is another one.
                self._forget(key)
            start = max(reached[key], self._empty_to.get(key, 0))
            oldest = self._oldest.get(key)
            if end <= start or (oldest is not None and oldest[0] >= reached[key]):
                continue
            stands_still = reached[key] == self._last.get(key, reached[key])
            if stands_still or end - start <= _SHORT or now - self._looked_at.get(key, 0.0) > _LOOK_EVERY_S:
                starts[key] = start
            else:
                queued[key] = start
        found = self._look(starts, ends) if starts else set()
        self._looked_at.update(dict.fromkeys(found, now))
        self._last = dict(reached)
        known = {key: self._known(key, reached[key], end) for key, end in ends.items() if key not in queued}
        # Of a long queue only its length is new. Its oldest message is at most as old as the one that was looked at.
        moving = {key: Waiting(start, ends[key] - start, self._oldest_at(key)) for key, start in queued.items()}
        return {key: waiting for key, waiting in {**known, **moving}.items() if key not in starts or key in found}

    def _known(self, key: TopicPartition, position: int, end: int) -> Waiting | None:
        offset, written_at = self._oldest.get(key, (-1, 0.0))
        return Waiting(offset, end - offset, written_at) if position <= offset < end else None

    def _oldest_at(self, key: TopicPartition) -> float:
        return self._oldest[key][1] if key in self._oldest else self._looked_at[key]

    def _hear(self) -> None:
        if self._admin is None:
            self._admin = connected(self._config, self._config.topic(topics.CALENDAR), within_s=_ANSWER_WITHIN_S)
            return
        try:
            self._admin.list_topics(self._config.topic(topics.CALENDAR), timeout=_ANSWER_WITHIN_S)
        except KafkaException as exc:
            raise Unavailable("Kafka does not answer.", remedy="See `credithub status`.") from exc

    def _ends(self, reached: Mapping[TopicPartition, int]) -> dict[TopicPartition, int]:
        if not reached:
            return {}
        requested = {key: key.real(self._config) for key in reached}
        if self._admin is None:
            first = next(iter(requested.values())).topic
            self._admin = connected(self._config, first, within_s=_ANSWER_WITHIN_S)
        answers = offsets(
            self._config, self._admin, requested.values(), OffsetSpec.latest(), stable=True, within_s=_ANSWER_WITHIN_S
        )
        return {key: answers[partition] for key, partition in requested.items()}

    def _look(self, starts: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]) -> set[TopicPartition]:
        """Read the first message from each start; return the partitions that are known now."""
        if self._consumer is None:
            self._consumer = clients.consumer(self._config, self._config.own("lag"), **_LITTLE)
        real = {(self._config.topic(key.topic), key.partition): key for key in starts}
        assigned = [key.real(self._config, start) for key, start in starts.items()]
        self._consumer.assign(assigned)
        found: set[TopicPartition] = set()
        deadline = time.monotonic() + _ANSWER_WITHIN_S
        try:
            while len(found) < len(starts) and time.monotonic() < deadline:
                for message in self._consumer.consume(_AT_ONCE, timeout=0.05):
                    key = real.get((message.topic(), message.partition()))
                    if key is not None and key not in found and self._note(key, message, ends[key]):
                        found.add(key)
                        # Else the rest of its batch would come before other partitions' first messages.
                        self._consumer.pause([confluent_kafka.TopicPartition(message.topic(), message.partition())])
        finally:
            # The client would keep a partition paused when it is assigned again.
            self._consumer.resume(assigned)
            self._consumer.unassign()
        return found

    def _note(self, key: TopicPartition, message: Message, end: int) -> bool:
        """Remember what a first message, or the end of a partition, says; whether it says something."""
        error = message.error()
        if error is None:
            self._oldest[key] = (message.offset(), message.timestamp()[1] / 1000)
            return True
        if error.name() == "_PARTITION_EOF" and message.offset() >= end:
            self._forget(key)
            self._empty_to[key] = end
            return True
        return False

    def _forget(self, key: TopicPartition) -> None:
        self._empty_to.pop(key, None)
        self._oldest.pop(key, None)
