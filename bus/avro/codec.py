"""Confluent's wire format: magic byte, schema id, Avro. Any bank's client can read it."""

import io
import json
import struct
import threading
from collections.abc import Collection, Mapping
from typing import Any

import fastavro
from confluent_kafka.schema_registry import Schema as RegistrySchema
from confluent_kafka.schema_registry.error import SchemaRegistryError

from bus import clients
from bus.avro import writer
from bus.avro.reader import Reader, Uncovered, compile_reader
from bus.config import BusConfig
from catalogue.avro import ENVELOPE, Schema
from catalogue.envelope import Envelope
from catalogue.errors import PoisonMessage, Unavailable

_HEAD = struct.Struct(">bI")
HEAD_SIZE = _HEAD.size
ENVELOPE_SCHEMA = fastavro.parse_schema(
    {"type": "record", "name": "Envelope", "namespace": "credithub.prefix", "fields": list(ENVELOPE)}
)


def full_name(schema: Schema) -> str:
    """Return ``namespace.Name`` of a record schema."""
    return f"{schema['namespace']}.{schema['name']}"


class Registry:
    """Schemas by id and ids by schema, asked for once each; subjects are named TopicRecordName.

    Raises Unavailable while the registry is away and PoisonMessage for an id it does not know. ``complete``: it must
    know every id that is asked for, because the hub wrote all that is read; another id is Unavailable, too: it is
    another registry, or one that was set back, and what cannot be read now is not to be passed over.
    """

    def __init__(self, config: BusConfig, *, complete: bool = False) -> None:
        self._config = config
        self._complete = complete
        self._client = clients.registry_client(config)
        self._asking: dict[object, threading.Lock] = {}
        self._ids: dict[tuple[str, str], int] = {}
        self._schemas: dict[int, Schema] = {}

    def close(self) -> None:
        """Close the connections; the registry is unusable afterwards."""
        self._client.close()

    def subject(self, topic: str, schema: Schema) -> str:
        """Return the registry's subject of a record type in a topic (without prefix)."""
        return f"{self._config.topic(topic)}-{full_name(schema)}"

    def register(self, topic: str, schema: Schema) -> int:
        """Register a schema, idempotently, and return its id."""
        key = (topic, full_name(schema))
        if key not in self._ids:
            # One thread asks, the others wait for its answer: some registries answer equal questions one by one.
            with self._asking.setdefault(key, threading.Lock()):
                if key not in self._ids:
                    self._ids[key] = self._registered(topic, schema)
        return self._ids[key]

    def _registered(self, topic: str, schema: Schema) -> int:
        text = json.dumps(schema, ensure_ascii=False)
        try:
            return int(self._client.register_schema(self.subject(topic, schema), RegistrySchema(text, "AVRO")))
        except SchemaRegistryError as exc:
            raise Unavailable(f"The registry did not take {full_name(schema)}: {exc}.") from exc
        except Exception as exc:
            raise _translated(exc) from exc

    def schema(self, schema_id: int) -> Schema:
        """Return the parsed schema of an id."""
        if schema_id not in self._schemas:
            with self._asking.setdefault(schema_id, threading.Lock()):
                if schema_id not in self._schemas:
                    self._schemas[schema_id] = self._asked(schema_id)
        return self._schemas[schema_id]

    def _asked(self, schema_id: int) -> Schema:
        try:
            text = self._client.get_schema(schema_id).schema_str
        except SchemaRegistryError as exc:
            if exc.http_status_code == 404 and self._complete:
                raise Unavailable(
                    f"The registry {self._config.registry_url} does not know the schema {schema_id}, which the hub"
                    " wrote with.",
                    remedy="Does CREDITHUB_REGISTRY_URL name the hub's own registry? Restore it from a backup if so.",
                ) from exc
            if exc.http_status_code == 404:
                raise PoisonMessage(f"The registry knows no schema {schema_id}.") from exc
            raise Unavailable(f"The registry does not answer: {exc}.") from exc
        except Exception as exc:
            raise _translated(exc) from exc
        parsed: Schema = fastavro.parse_schema(json.loads(text or ""))
        return parsed


class OfflineRegistry(Registry):
    """For what is encoded to be counted and thrown away: every schema has the id 0, and nobody is asked."""

    def __init__(self, config: BusConfig) -> None:
        self._config = config

    def close(self) -> None:
        """There is nothing to close."""

    def register(self, topic: str, schema: Schema) -> int:
        """Return 0."""
        return 0


def _translated(exc: Exception) -> Exception:
    # httpx's errors share no base with OSError, and the client lets them through.
    if type(exc).__module__.startswith(("httpx", "httpcore")):
        return Unavailable(f"The registry does not answer: {exc}.", remedy="See `credithub status`.")
    return exc


class Encoder:
    """Encodes values of one record type of one topic."""

    def __init__(self, registry: Registry, topic: str, schema: Schema) -> None:
        self.schema_id = registry.register(topic, schema)
        self.magic = _HEAD.pack(0, self.schema_id)
        self._schema = fastavro.parse_schema(schema)

    def wrap(self, body: bytes) -> bytes:
        """Return the message of a value that is Avro of this very schema already."""
        return self.magic + body

    def __call__(self, value: Mapping[str, Any]) -> bytes:
        """Return the message of one value."""
        out = io.BytesIO()
        out.write(self.magic)
        fastavro.schemaless_writer(out, self._schema, value)
        return out.getvalue()


class EventEncoder:
    """Encodes catalogue events of one item: envelope and payload apart, for which fastavro checks each value once."""

    def __init__(self, registry: "Registry", topic: str, schema: Schema) -> None:
        self._whole = Encoder(registry, topic, schema)
        null, data = schema["fields"][-1]["type"]
        if null != "null":
            raise ValueError("an event's payload is the second branch of a union with null")
        self._data = Parts(data)

    def __call__(self, envelope: Mapping[str, Any], data: Mapping[str, Any] | None) -> bytes:
        """Return the message of an envelope and a payload."""
        payload = b"\x00" if data is None else b"\x02" + self._data(data)
        return self._whole.wrap(_envelope(envelope) + payload)


class Parts:
    """Encodes a part of a message: Avro without a head, of a schema that the registry never sees."""

    def __init__(self, schema: Any) -> None:
        self._schema = fastavro.parse_schema(schema)

    def __call__(self, value: Any) -> bytes:
        """Return the Avro of one value."""
        out = io.BytesIO()
        # No value is a tuple that names its branch.
        fastavro.schemaless_writer(out, self._schema, value, disable_tuple_notation=True)
        return out.getvalue()


def schema_id_of(message: bytes) -> int:
    """Return the schema id of a message; raises PoisonMessage when it has no head."""
    if len(message) < HEAD_SIZE or message[0] != 0:
        raise PoisonMessage("The message does not begin with the magic byte and a schema id.")
    return int(_HEAD.unpack_from(message)[1])


class Decoder:
    """Decodes any message of the bus by the schema that its id names.

    ``wanted``: the payload's fields that its user needs; the others are stepped over. None: all.
    """

    def __init__(self, registry: Registry, wanted: Collection[str] | None = None) -> None:
        self._registry = registry
        self._wanted = wanted
        self._values: dict[int, Reader] = {}
        self._payloads: dict[int, Reader] = {}
        self._enveloped: set[int] = set()

    def __call__(self, message: bytes) -> dict[str, Any]:
        """Return the value of a message; raises PoisonMessage when it cannot be read."""
        schema_id = schema_id_of(message)
        read = self._values.get(schema_id)
        if read is None:
            read = self._values[schema_id] = reader_of(self._registry.schema(schema_id))
        try:
            value: dict[str, Any] = read(message, HEAD_SIZE)[0]
        except _UNREADABLE as exc:
            raise _misfit(exc) from exc
        return value

    def name(self, message: bytes) -> str:
        """Return the full name of a message's record type."""
        return str(self._registry.schema(schema_id_of(message))["name"])

    def envelope(self, message: bytes) -> tuple[Envelope, bytes, int, bytes]:
        """Read the envelope alone: (envelope, its own bytes, schema id, the undecoded ``data`` behind it).

        Raises PoisonMessage for a record type that does not begin with the envelope.
        """
        schema_id = schema_id_of(message)
        if schema_id not in self._enveloped:
            self._check_envelope(schema_id)
        try:
            envelope, end = _READ_ENVELOPE(message, HEAD_SIZE)
        except _UNREADABLE as exc:
            raise _misfit(exc) from exc
        return envelope, message[HEAD_SIZE:end], schema_id, message[end:]

    def record(self, message: bytes) -> tuple[Envelope, bytes, int, bytes]:
        """Read a message of ``credit.record.v1``: (envelope, its own bytes, schema id, payload)."""
        envelope, head, _, tail = self.envelope(message)
        try:
            return envelope, head, *writer.record_tail(tail, 0)
        except IndexError as exc:
            raise _misfit(exc) from exc

    def _check_envelope(self, schema_id: int) -> None:
        # Its bytes are passed on as they are: a writer with another envelope must not slip through.
        fields = self._registry.schema(schema_id)["fields"][: len(ENVELOPE)]
        if [(f["name"], _shape(f["type"])) for f in fields] != [(f["name"], _shape(f["type"])) for f in ENVELOPE]:
            raise PoisonMessage(f"The schema {schema_id} does not begin with the envelope.")
        self._enveloped.add(schema_id)

    def payload(self, schema_id: int, payload: bytes) -> dict[str, Any] | None:
        """Decode the ``data`` of a catalogue event as kept in records and changes."""
        read = self._payloads.get(schema_id)
        if read is None:
            kind = self._registry.schema(schema_id)["fields"][-1]["type"]
            read = self._payloads[schema_id] = reader_of(kind, self._wanted)
        try:
            value: dict[str, Any] | None = read(payload, 0)[0]
        except _UNREADABLE as exc:
            raise _misfit(exc) from exc
        return value


def _shape(kind: Any) -> str:
    """Return a type in a form in which equal types are equal, whether parsed or not."""
    return json.dumps(kind, sort_keys=True)


def encode_envelope(envelope: Envelope) -> bytes:
    """Return an envelope's Avro, without a message's head."""
    return _envelope(envelope_dict(envelope))


_UNREADABLE = (EOFError, ValueError, IndexError, UnicodeDecodeError, TypeError, KeyError, OverflowError)


def _misfit(problem: Exception) -> PoisonMessage:
    return PoisonMessage(f"The message does not fit its schema: {type(problem).__name__}.")


def reader_of(schema: Any, wanted: Collection[str] | None = None) -> Reader:
    """Return the reader of a schema; what only other writers use is read by fastavro."""
    try:
        return compile_reader(schema, wanted=wanted)
    except Uncovered:
        parsed = fastavro.parse_schema(schema)

        def read(raw: bytes, at: int) -> tuple[Any, int]:
            body = io.BytesIO(raw)
            body.seek(at)
            return fastavro.schemaless_reader(body, parsed, None), body.tell()

        return read


_READ_ENVELOPE = compile_reader(ENVELOPE_SCHEMA, make=Envelope._make)


def envelope_dict(envelope: Envelope) -> dict[str, Any]:
    """Return an envelope as the fields of the wire."""
    return envelope._asdict()


_envelope = Parts(ENVELOPE_SCHEMA)
