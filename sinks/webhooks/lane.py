"""One partition of one recipient's topic on its way: what waits, in order, and where it stands."""

import itertools
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from confluent_kafka import Message

from bus.config import bank_topic
from bus.reading.offsets import TopicPartition
from sinks.webhooks.state import DeliveryState

MOST_MESSAGES, MOST_BYTES = 100, 256 * 1024
"""Of one body, as Kafka has them; the last message may go beyond the bytes."""
_MOST_WAITING, _MOST_WAITING_BYTES = 4 * MOST_MESSAGES, 2 * MOST_BYTES


@dataclass(slots=True)
class Lane:
    """What goes to a recipient of one partition: one body at a time, so that its order stays."""

    recipient: str
    partition: int
    position: int
    """The next offset to be delivered."""
    state: DeliveryState
    fetched: int = field(init=False)
    """The next offset to be read."""
    is_under_way: bool = False
    is_paused: bool = False
    run: int = 0
    """Counts how often it was moved: what was under way before that is nothing to it."""
    _waiting: deque[Message] = field(default_factory=deque)
    _size: int = 0
    _end: int = 0
    _cut: int = 0

    def __post_init__(self) -> None:
        self.fetched = self.position

    @property
    def key(self) -> TopicPartition:
        """Its partition."""
        return TopicPartition(bank_topic(self.recipient), self.partition)

    @property
    def oldest_at(self) -> float | None:
        """When the oldest message that waits was written, in seconds since the epoch; None: nothing waits."""
        return self._waiting[0].timestamp()[1] / 1000 if self._waiting else None

    @property
    def is_held(self) -> bool:
        """Whether it waits for its receiver, or for an operator."""
        return self.state.failures > 0 or self.state.suspended is not None

    @property
    def is_full(self) -> bool:
        """Whether nothing more is to be read for now."""
        return len(self._waiting) >= _MOST_WAITING or self._size >= _MOST_WAITING_BYTES

    def add(self, message: Message) -> None:
        """Take what was read; what was read before it was moved is left out."""
        offset = message.offset() or 0
        if offset < self.fetched:
            return
        self._waiting.append(message)
        self._size += len(message.value() or b"")
        self.fetched = offset + 1

    def ends_at(self, offset: int) -> bool:
        """Note where the partition ends, behind the marks of transactions; whether the position moved by it."""
        self._end = max(self._end, offset)
        return self._reach_end()

    def _reach_end(self) -> bool:
        if self._waiting or self.is_held or self._end <= self.position:
            return False
        self.position = self.fetched = self._end
        return True

    def is_due(self, now: float) -> bool:
        """Whether it has something to send now."""
        return bool(
            self._waiting and not self.is_under_way and self.state.suspended is None and self.state.retry_at <= now
        )

    def next_cut(self) -> list[Message]:
        """Return what is sent next, one message at least; after a failure the same as before."""
        if not (self.state.failures and self._cut):
            self._cut, size = 0, 0
            for message in self._waiting:
                if self._cut and (self._cut >= MOST_MESSAGES or size >= MOST_BYTES):
                    break
                self._cut += 1
                size += len(message.value() or b"")
        return list(itertools.islice(self._waiting, self._cut))

    def delivered(self, messages: Iterable[Message]) -> None:
        """Note that what was cut arrived."""
        for message in messages:
            self._waiting.popleft()
            self._size -= len(message.value() or b"")
            self.position = (message.offset() or 0) + 1
        # What was on its way when its recipient was suspended may arrive, and changes nothing of that.
        self.state = self.state.cleared()._replace(suspended=self.state.suspended)
        self._reach_end()

    def move(self, offset: int, state: DeliveryState) -> None:
        """Go on from another offset; what was read is read again."""
        self._waiting.clear()
        self._size, self._end, self._cut, self.run, self.is_under_way = 0, 0, 0, self.run + 1, False
        self.position = self.fetched = offset
        self.state = state
