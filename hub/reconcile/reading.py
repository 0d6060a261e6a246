"""The scan of the proof: many topics at once, from given offsets, committed messages only; and heads of messages.

Of a message no more is decoded than is needed: Avro has no field lengths, but what comes first can be read alone.
"""

import io
import struct
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import fastavro
from confluent_kafka import Consumer, IsolationLevel, KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from bus.codec import HEAD_SIZE, Registry, schema_id_of
from bus.config import BusConfig, consumer_settings
from catalogue import wire
from catalogue.avro import BANK_ENVELOPE, ENVELOPE, Schema
from catalogue.errors import PoisonMessage, Unavailable

Place = tuple[str, int]  # topic without prefix, partition
Progress = Callable[[int], None]

_SILENCE_S = 30.0
_BATCH = 10_000
# ``consume`` waits for the whole batch or for all of this, and a proof reads a dozen short topics.
_POLL_S = 0.02
_VERSION = struct.Struct(">QI")
_SHIFT = 1 << 63


class Reader:
    """Reads topics from given offsets to what their end is when the reading begins."""

    def __init__(self, config: BusConfig, on_read: Progress = lambda count: None) -> None:
        self._config, self._on_read = config, on_read
        self._admin = AdminClient({"bootstrap.servers": config.bootstrap, "log_level": 3})
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

    def ends(self, places: Iterable[Place]) -> dict[Place, tuple[int, int]]:
        """Return the first and the next offset of each partition, aborted and control messages included."""
        asked = [(TopicPartition(self._config.topic(t), p), (t, p)) for t, p in places]
        first = self._offsets([tp for tp, _ in asked], OffsetSpec.earliest())
        last = self._offsets([tp for tp, _ in asked], OffsetSpec.latest())
        return {place: (first[place], last[place]) for _, place in asked}

    def _offsets(self, partitions: list[TopicPartition], which: Any) -> dict[Place, int]:
        answers = self._admin.list_offsets(
            dict.fromkeys(partitions, which), isolation_level=IsolationLevel.READ_COMMITTED, request_timeout=_SILENCE_S
        )
        try:
            return {self._place(tp.topic, tp.partition): done.result().offset for tp, done in answers.items()}
        except KafkaException as exc:
            raise Unavailable("Kafka does not answer.", remedy="See `credithub status`.") from exc

    def committed(self, group: str, places: Iterable[Place]) -> dict[Place, int]:
        """Return the next offset that a group (without prefix) will read; 0 where it never committed."""
        consumer = Consumer(consumer_settings(self._config, group))
        asked = [TopicPartition(self._config.topic(topic), number) for topic, number in places]
        try:
            answered = consumer.committed(asked, timeout=_SILENCE_S)
        except KafkaException as exc:
            raise Unavailable("Kafka does not answer.", remedy="See `credithub status`.") from exc
        finally:
            consumer.close()
        return {self._place(one.topic, one.partition): max(one.offset, 0) for one in answered}

    def read(self, starts: Mapping[Place, int]) -> Iterator[Message]:
        """Yield every committed message from ``starts`` on, each partition's in offset order.

        Raises Unavailable when the broker falls silent before the ends were reached.
        """
        if not starts:
            return
        consumer = self._consumer()
        try:
            consumer.assign([TopicPartition(self._config.topic(t), p, start) for (t, p), start in starts.items()])
            # A partition that is written to may announce its end more than once.
            unfinished = {(self._config.topic(topic), number) for topic, number in starts}
            heard = time.monotonic()
            while unfinished:
                messages = consumer.consume(_BATCH, timeout=_POLL_S)
                if messages:
                    heard = time.monotonic()
                elif time.monotonic() - heard > _SILENCE_S:
                    raise Unavailable(
                        f"The broker sent nothing for {_SILENCE_S:.0f} s.", remedy="See `credithub status`."
                    )
                self._on_read(len(messages))
                for message in messages:
                    error = message.error()
                    if error is None:
                        yield message
                    elif error.name() == "_PARTITION_EOF":
                        unfinished.discard((message.topic(), message.partition()))
                        consumer.pause([TopicPartition(message.topic(), message.partition())])
                    elif not error.retriable():
                        raise KafkaException(error)
        finally:
            consumer.close()

    def bare(self, topic: str) -> str:
        """Return a topic's name without the prefix."""
        return self._config.name_of(topic)

    def _place(self, topic: str, number: int) -> Place:
        return self.bare(topic), number

    def _consumer(self) -> Consumer:
        more = {"enable.partition.eof": True, "check.crcs": True, "fetch.wait.max.ms": 10}
        return Consumer(consumer_settings(self._config, f"reconcile-{uuid.uuid4()}", **more))


def _head(name: str, fields: Iterable[Schema]) -> Any:
    """Return the schema of a message's first fields, times and dates as plain integers."""
    plain = [{**f, "type": _plain(f["type"])} for f in fields]
    return fastavro.parse_schema({"type": "record", "name": name, "namespace": "credithub.head", "fields": plain})


def _plain(kind: Any) -> Any:
    if isinstance(kind, dict) and "logicalType" in kind and kind["type"] in ("int", "long"):
        return kind["type"]
    return kind


ENVELOPE_HEAD = _head("Envelope", ENVELOPE)
BANK_HEAD = _head("Bank", BANK_ENVELOPE[:3])
STATE_HEAD = _head("State", wire.STATE["fields"][:5])
REJECTED_HEAD = _head("Rejected", wire.REJECTED["fields"][:5])


def head(message: bytes | None, schema: Any) -> dict[str, Any]:
    """Return the first fields of a message; raises PoisonMessage when they cannot be read."""
    if message is None or len(message) < HEAD_SIZE or message[0] != 0:
        raise PoisonMessage("The message does not begin with the magic byte and a schema id.")
    body = io.BytesIO(message)
    body.seek(HEAD_SIZE)
    try:
        value: dict[str, Any] = fastavro.schemaless_reader(body, schema, None)
    except (EOFError, ValueError, IndexError, UnicodeDecodeError, TypeError, KeyError, OverflowError) as exc:
        raise PoisonMessage(f"The message does not fit its schema: {type(exc).__name__}.") from exc
    return value


def stamp(source_time_us: int, revision: int, content_hash: str) -> bytes:
    """Return a version as bytes that sort as ``Version`` does; a fifth of its memory."""
    return _VERSION.pack(source_time_us + _SHIFT, revision) + content_hash.encode()


class Plain:
    """Decodes whole messages by the schema they name, logical types left as they are on the wire."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._schemas: dict[int, Any] = {}

    def __call__(self, message: bytes | None) -> dict[str, Any]:
        """Return the value of a message; raises PoisonMessage when it cannot be read."""
        if message is None:
            raise PoisonMessage("The message is empty.")
        schema_id = schema_id_of(message)
        schema = self._schemas.get(schema_id)
        if schema is None:
            schema = self._schemas[schema_id] = fastavro.parse_schema(_stripped(self._registry.schema(schema_id)))
        return head(message, schema)

    def known(self, schema_id: int) -> None:
        """Raise PoisonMessage when the registry knows no such schema."""
        self._registry.schema(schema_id)


def _stripped(node: Any) -> Any:
    if isinstance(node, list):
        return [_stripped(one) for one in node]
    if not isinstance(node, dict):
        return node
    if "logicalType" in node:
        return node["type"]
    return {name: _stripped(value) for name, value in node.items() if not name.startswith("__")}
