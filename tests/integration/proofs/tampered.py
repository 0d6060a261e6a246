"""Copies of topics without one message or with one twice, and the view of the hub in which they are the topics.

A copy keeps every offset, for the stages have written down how far they read. What is left out of it is there as a
message of an aborted transaction: at its offset a reader of committed messages finds nothing, as after a real loss.
"""

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import NamedTuple

from confluent_kafka import Producer

from bus import clients, topics
from bus.config import BusConfig
from bus.reading.scan import scan
from bus.topics import TopicSpec

_WITHIN_S = 30.0


class Spot(NamedTuple):
    """Where a message lies in its topic."""

    partition: int
    offset: int


class Told(NamedTuple):
    """A message as a consumer gets it."""

    spot: Spot
    key: bytes | None
    value: bytes
    headers: Sequence[tuple[str, bytes]] = ()


@dataclass(frozen=True, slots=True)
class View(BusConfig):
    """The bus with some topics replaced; groups know nothing of a replaced one, so it is unread."""

    replaced: Mapping[str, str] = field(default_factory=dict)

    def topic(self, name: str) -> str:
        """Return the real name of a topic or of what replaces it."""
        return self.topic_prefix + self.replaced.get(name, name)

    def name_of(self, topic: str) -> str:
        """Return the name of the topic that is replaced by this one."""
        bare = topic.removeprefix(self.topic_prefix)
        return {copy: name for name, copy in self.replaced.items()}.get(bare, bare)


class Forge:
    """Makes the copies; every topic it makes begins with the prefix of the hub."""

    def __init__(self, config: BusConfig, specs: Iterable[TopicSpec]) -> None:
        self._config = config
        self._specs = {spec.name: spec for spec in specs}
        self._made = 0
        self._held: dict[str, list[Told]] = {}
        # Both write at once, each in its transaction: the one commits, the other aborts.
        self._kept, self._void = self._producer("kept"), self._producer("void")

    def view(self, replaced: Mapping[str, str]) -> View:
        """Return the hub with these topics replaced."""
        own = self._config
        return View(**{known.name: getattr(own, known.name) for known in fields(own)}, replaced=replaced)

    def messages(self, topic: str) -> list[Told]:
        """Return the messages of a topic, which gets no more of them, by partition and offset."""
        if topic in self._held:
            return self._held[topic]
        found = [
            Told(Spot(m.partition() or 0, m.offset() or 0), m.key(), m.value() or b"", m.headers() or ())
            for m in scan(self._config, topic)
        ]
        self._held[topic] = sorted(found, key=lambda told: told.spot)
        return self._held[topic]

    def forget(self) -> None:
        """Read the topics anew: more came."""
        self._held.clear()

    def empty(self, *names: str) -> dict[str, str]:
        """Return each topic with an empty one that replaces it."""
        made: dict[str, str] = {}
        for name in names:
            self._made += 1
            made[name] = f"{name}.tampered{self._made}"
        specs = [TopicSpec(new, {}, by_subject=self._specs[name].by_subject) for name, new in made.items()]
        topics.ensure_topics(self._config, specs)
        return made

    def copy(
        self,
        topic: str,
        *,
        without: Collection[Spot] = (),
        instead: Mapping[Spot, bytes] | None = None,
        more: Iterable[Told] = (),
        otherwise: Iterable[Told] = (),
    ) -> dict[str, str]:
        """Return a topic with its copy: without some messages, some with another value, ``more`` at the ends.

        ``otherwise``: in the places of those that lie there.
        """
        made = self.empty(topic)
        name = self._config.topic(made[topic])
        held: dict[int, dict[int, Told]] = {}
        for told in self.messages(topic):
            if told.spot not in without:
                held.setdefault(told.spot.partition, {})[told.spot.offset] = told
        for told in otherwise:
            held[told.spot.partition][told.spot.offset] = told
        added = list(more)
        self._kept.begin_transaction()
        self._void.begin_transaction()
        for number, messages in held.items():
            self._fill(name, number, messages, instead or {})
        for told in added:
            self._kept.produce(name, told.value, told.key, told.spot.partition, headers=list(told.headers))
        self._kept.commit_transaction(_WITHIN_S)
        self._void.abort_transaction(_WITHIN_S)
        self._await(made[topic], sum(map(len, held.values())) + len(added))
        return made

    def _fill(self, name: str, number: int, messages: Mapping[int, Told], instead: Mapping[Spot, bytes]) -> None:
        before = None
        for offset in range(max(messages) + 1):
            told = messages.get(offset)
            producer = self._kept if told is not None else self._void
            if before is not None and producer is not before:
                # Or the two would overtake each other.
                before.flush(_WITHIN_S)
            if told is None:
                producer.produce(name, b"", b"", number)
            else:
                value = instead.get(told.spot, told.value)
                producer.produce(name, value, told.key, number, headers=list(told.headers))
            before = producer
        if before is not None:
            before.flush(_WITHIN_S)

    def _await(self, topic: str, count: int) -> None:
        """Wait until the end of the transactions has reached every partition."""
        deadline = time.monotonic() + _WITHIN_S
        while time.monotonic() < deadline:
            if sum(1 for _ in scan(self._config, topic)) == count:
                return
            time.sleep(0.02)
        raise AssertionError(f"{topic}: the copy is not whole")

    def _producer(self, name: str) -> Producer:
        more = {"transactional.id": self._config.topic(f"tampered.{name}"), "linger.ms": 0}
        producer = clients.producer(self._config, **more)
        producer.init_transactions(_WITHIN_S)
        return producer
