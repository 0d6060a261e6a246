"""What the proof reads: many topics at once, from given offsets, committed messages only; and heads of messages.

Of a message no more is decoded than is needed: Avro has no field lengths, but what comes first can be read alone.
"""

import struct
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from confluent_kafka import KafkaException, Message, TopicPartition
from confluent_kafka.admin import OffsetSpec

from bus import clients
from bus.avro.decoding import reader_of
from bus.avro.reader import AvroReader as Read
from bus.avro.reader import compile_reader
from bus.avro.registry import Registry
from bus.avro.wire_format import HEAD_SIZE, schema_id_of
from bus.config import BusConfig
from bus.reading.offsets import Watermarks, offsets
from bus.reading.scan import Place, scan_places
from catalogue import wire
from catalogue.avro import BANK_ENVELOPE, ENVELOPE, Schema
from catalogue.errors import PoisonMessage, Unavailable

Progress = Callable[[int], None]

_SILENCE_S = 30.0
# As far as the client does by itself: it is the only one here, and reads the longest topics.
_FAR_AHEAD: Mapping[str, int] = {}
_VERSION = struct.Struct(">QI")
_SHIFT = 1 << 63


class Reader:
    """Reads topics from given offsets to what their end is when the reading begins."""

    def __init__(self, config: BusConfig, on_read: Progress = lambda count: None) -> None:
        self._config, self._on_read = config, on_read
        self._admin = clients.admin(config)
        self._partitions: dict[str, list[int]] = {}

    def places(self, topics: Iterable[str]) -> list[Place]:
        """Return every partition of the topics; raises Unavailable when one does not exist."""
        wanted = {topic: self._config.topic(topic) for topic in topics}
        # A broker may have thousands of topics, and how many partitions one has never changes here.
        if wanted.values() - self._partitions.keys():
            self._partitions = self._listed()
        found: list[Place] = []
        for topic, name in wanted.items():
            if name not in self._partitions:
                raise Unavailable(f"There is no topic {name}.", remedy="Run `credithub prepare`.")
            found += [(topic, number) for number in self._partitions[name]]
        return found

    def _listed(self) -> dict[str, list[int]]:
        try:
            known = self._admin.list_topics(timeout=_SILENCE_S).topics
        except KafkaException as exc:
            raise Unavailable("Kafka does not answer.", remedy="See `credithub status`.") from exc
        prefix = self._config.topic_prefix
        return {name: sorted(one.partitions) for name, one in known.items() if name.startswith(prefix)}

    def ends(self, places: Collection[Place], *, stable: bool = False) -> dict[Place, Watermarks]:
        """Return where each partition begins and ends, messages of open transactions and control messages included.

        ``stable``: the end is where the first open transaction begins, beyond which nobody can read yet.
        """
        if not places:
            return {}
        asked = {place: TopicPartition(self._config.topic(place[0]), place[1]) for place in places}
        low = offsets(self._config, self._admin, asked.values(), OffsetSpec.earliest())
        high = offsets(self._config, self._admin, asked.values(), OffsetSpec.latest(), stable=stable)
        return {place: Watermarks(low[tp], high[tp]) for place, tp in asked.items()}

    def committed(self, group: str, places: Iterable[Place]) -> dict[Place, int]:
        """Return the next offset that a group (without prefix) will read; 0 where it never committed."""
        consumer = clients.consumer(self._config, group)
        asked = [TopicPartition(self._config.topic(topic), number) for topic, number in places]
        try:
            answered = consumer.committed(asked, timeout=_SILENCE_S)
        except KafkaException as exc:
            raise Unavailable("Kafka does not answer.", remedy="See `credithub status`.") from exc
        finally:
            consumer.close()
        return {self._place(one.topic, one.partition): max(one.offset, 0) for one in answered}

    def read(self, starts: Mapping[Place, int], ends: Mapping[Place, Watermarks] | None = None) -> Iterator[Message]:
        """Yield every committed message from ``starts`` to ``ends`` (now), each partition's in offset order.

        Waits for transactions that are open before the end. Raises Unavailable when the broker falls silent before.
        """
        ends = self.ends(starts.keys()) if ends is None else ends
        for _, message in scan_places(self._config, starts, ends, ahead=_FAR_AHEAD, on_read=self._on_read):
            yield message

    def bare(self, topic: str) -> str:
        """Return a topic's name without the prefix."""
        return self._config.name_of(topic)

    def _place(self, topic: str, number: int) -> Place:
        return self.bare(topic), number


def _stripped(node: Any) -> Any:
    if isinstance(node, list):
        return [_stripped(one) for one in node]
    if not isinstance(node, dict):
        return node
    if "logicalType" in node:
        return node["type"]
    return {name: _stripped(value) for name, value in node.items() if not name.startswith("__")}


def _head(name: str, fields: Iterable[Schema]) -> Read:
    """Return what reads a message's first fields, times and dates as plain integers."""
    plain = [_stripped(one) for one in fields]
    return compile_reader({"type": "record", "name": name, "namespace": "credithub.head", "fields": plain})


ENVELOPE_HEAD = _head("Envelope", ENVELOPE)
BANK_HEAD = _head("Bank", BANK_ENVELOPE[:6])
STATE_HEAD = _head("State", wire.STATE["fields"][:5])


def head(message: bytes | None, read: Read) -> dict[str, Any]:
    """Return what ``read`` finds behind a message's own head; raises PoisonMessage when it cannot be read."""
    if message is None or len(message) < HEAD_SIZE or message[0] != 0:
        raise PoisonMessage("The message does not begin with the magic byte and a schema id.")
    try:
        value: dict[str, Any] = read(message, HEAD_SIZE)[0]
    except (EOFError, ValueError, IndexError, UnicodeDecodeError, TypeError, KeyError, OverflowError) as exc:
        raise PoisonMessage(f"The message does not fit its schema: {type(exc).__name__}.") from exc
    return value


def stamp(source_time_us: int, revision: int, content_hash: str) -> bytes:
    """Return a version as bytes that sort as ``Version`` does; a fifth of its memory."""
    return _VERSION.pack(source_time_us + _SHIFT, revision) + content_hash.encode()


def same_moment(one: bytes, other: bytes) -> bool:
    """Whether two stamps are of the same source time and revision."""
    return one[: _VERSION.size] == other[: _VERSION.size]


class Plain:
    """Decodes whole messages by the schema they name, logical types left as they are on the wire."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._readers: dict[int, Read] = {}

    def __call__(self, message: bytes | None) -> dict[str, Any]:
        """Return the value of a message; raises PoisonMessage when it cannot be read."""
        if message is None:
            raise PoisonMessage("The message is empty.")
        schema_id = schema_id_of(message)
        read = self._readers.get(schema_id)
        if read is None:
            read = self._readers[schema_id] = reader_of(_stripped(self._registry.schema(schema_id)))
        return head(message, read)

    def name(self, message: bytes | None) -> str:
        """Return the full name of a message's record type; raises PoisonMessage when there is none."""
        return str(self._registry.schema(schema_id_of(message or b""))["name"])

    def known(self, schema_id: int) -> None:
        """Raise PoisonMessage when the registry knows no such schema."""
        self._registry.schema(schema_id)
