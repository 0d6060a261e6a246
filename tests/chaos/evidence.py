"""What a fault did, as the brokers tell it: who owns what, which transactions were open, what became of them."""

import asyncio
import logging
import uuid
from collections.abc import Collection, Iterable
from contextlib import closing
from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from aiokafka.errors import KafkaError
from confluent_kafka import IsolationLevel, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from bus import clients, topics
from bus.avro.decoding import Decoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from catalogue.errors import HubError

# What the transactions of a partition number write.
PUBLISHED = (topics.RECORD, topics.PERSON_RECORD, topics.CHANGE, topics.STATE, topics.INDICATOR, topics.POSITION)
_ANSWER_S = 10.0
_BEFORE = 3000
Place = tuple[str, int]
# It asks brokers that are away, and logs in by PLAIN on the loopback interface: both are meant.
logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class Open:
    """Messages of transactions that were not ended: by place, from the first hidden offset to the end."""

    hidden: dict[Place, tuple[int, int]]

    def __bool__(self) -> bool:
        return bool(self.hidden)


class Witness:
    """Looks at the topics of one prefix from outside; every answer may be missing while brokers are away."""

    def __init__(self, config: BusConfig) -> None:
        self._config = config

    def owners(self) -> dict[int, str]:
        """Return which worker owns each partition number; nothing when nobody can say, or they do not agree."""
        try:
            state, members = asyncio.run(self._group())
        except (KafkaError, HubError, TimeoutError, OSError):
            return {}
        if state != "Stable":
            return {}
        return {
            partition.partition: name
            for name, assigned in members.items()
            for partition in ConsumerProtocolMemberAssignment.decode(assigned).partitions()
        }

    def is_settled(self) -> bool:
        """Whether the members of the merge agree on who owns what, and all is owned."""
        return len(self.owners()) == self._config.partitions

    async def _group(self) -> tuple[str, dict[str, bytes]]:
        """Return the group's state, and of each member by its name what was assigned to it."""
        # librdkafka (2.16) ends the whole process when a connection breaks while it describes a group: its issue 4605.
        settings = clients.aiokafka_settings(self._config)
        del settings["isolation_level"]
        admin = AIOKafkaAdminClient(**settings, request_timeout_ms=int(_ANSWER_S * 1000))
        try:
            await admin.start()
            (answer,) = await asyncio.wait_for(admin.describe_consumer_groups([self._config.topic("merge")]), _ANSWER_S)
        finally:
            await admin.close()
        ((_, _, state, _, _, members, *_),) = answer.groups
        # The broker makes a member's id of its name and a UUID.
        return state, {member_id[: -len(f"-{uuid.UUID(int=0)}")]: assigned for member_id, _, _, _, assigned in members}

    def _client(self) -> AdminClient:
        # A new one each time: an old one goes on asking brokers by what they were once.
        return clients.admin(self._config, **{"log_level": 0, "reconnect.backoff.ms": 5})

    def open(self, numbers: Collection[int], names: Iterable[str] = PUBLISHED) -> Open:
        """Return what is hidden behind open transactions in these partition numbers."""
        asked = {(name, n): TopicPartition(self._config.topic(name), n) for name in names for n in numbers}
        try:
            visible = self._ends(asked, IsolationLevel.READ_COMMITTED)
            written = self._ends(asked, IsolationLevel.READ_UNCOMMITTED)
        except KafkaException:
            return Open({})
        return Open({place: (visible[place], written[place]) for place in asked if visible[place] < written[place]})

    def is_over(self, seen: Open | None) -> bool:
        """Whether the transactions that were open have ended, this way or the other."""
        if not seen:
            return True
        asked = {(name, n): TopicPartition(self._config.topic(name), n) for name, n in seen.hidden}
        try:
            visible = self._ends(asked, IsolationLevel.READ_COMMITTED)
        except KafkaException:
            return False
        return all(visible[place] >= end for place, (_, end) in seen.hidden.items())

    def fate(self, seen: Open) -> str:
        """Say what became of them, once they are over."""
        if not seen:
            return "no transaction was open"
        written = sum(len(self._values(place, *span, committed=False)) for place, span in seen.hidden.items())
        shown = sum(len(self._values(place, *span, committed=True)) for place, span in seen.hidden.items())
        told = f"open transactions of {written} messages: {written - shown} aborted, {shown} committed"
        again = sum(self._again(n, *span) for (name, n), span in seen.hidden.items() if name == topics.POSITION)
        return told + (f"; {again} offsets processed again" if again else "")

    def aborted(self, name: str) -> tuple[int, int]:
        """Return how many messages of a topic were written and how many of them nobody ever sees."""
        numbers = (
            self._client().list_topics(self._config.topic(name), timeout=_ANSWER_S).topics[self._config.topic(name)]
        )
        asked = {(name, n): TopicPartition(self._config.topic(name), n) for n in numbers.partitions}
        written = shown = 0
        for place, end in self._ends(asked, IsolationLevel.READ_UNCOMMITTED).items():
            written += len(self._values(place, 0, end, committed=False))
            shown += len(self._values(place, 0, end, committed=True))
        return written, written - shown

    def _again(self, number: int, start: int, end: int) -> int:
        """Return over how many input offsets the aborted positions had passed."""
        with closing(Registry(self._config)) as registry:
            return self._undone(Decoder(registry), number, start, end)

    def _undone(self, decode: Decoder, number: int, start: int, end: int) -> int:
        place = (topics.POSITION, number)
        reached: dict[str, int] = {}
        for value in self._values(place, max(0, start - _BEFORE), start, committed=True):
            told = decode(value)
            reached[told["topic"]] = told["next_offset"]
        visible = set(self._values(place, start, end, committed=True))
        undone: dict[str, int] = {}
        for value in self._values(place, start, end, committed=False):
            if value not in visible:
                told = decode(value)
                undone[told["topic"]] = max(told["next_offset"], undone.get(told["topic"], 0))
        return sum(max(0, offset - reached.get(topic, 0)) for topic, offset in undone.items())

    def _ends(self, asked: dict[Place, TopicPartition], isolation: IsolationLevel) -> dict[Place, int]:
        # Held by a name: what it promised ends with it.
        admin = self._client()
        found = admin.list_offsets(
            dict.fromkeys(asked.values(), OffsetSpec.latest()), isolation_level=isolation, request_timeout=_ANSWER_S
        )
        ends = {(tp.topic, tp.partition): done.result().offset for tp, done in found.items()}
        return {place: ends[tp.topic, tp.partition] for place, tp in asked.items()}

    def _values(self, place: Place, start: int, end: int, *, committed: bool) -> list[bytes]:
        """Return the messages of a partition between two offsets."""
        level = "read_committed" if committed else "read_uncommitted"
        more = {"isolation.level": level, "enable.partition.eof": True}
        consumer = clients.consumer(self._config, f"witness-{uuid.uuid4()}", **more)
        found: list[bytes] = []
        try:
            consumer.assign([TopicPartition(self._config.topic(place[0]), place[1], start)])
            while True:
                for message in consumer.consume(5000, timeout=0.2):
                    error = message.error()
                    if message.offset() is not None and message.offset() >= end:
                        return found
                    if error is None:
                        found.append(message.value())
                    elif error.name() == "_PARTITION_EOF":
                        return found
        finally:
            consumer.close()
