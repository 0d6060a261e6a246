"""Values to messages, by fastavro. ``bus.avro.writer`` joins what is encoded already."""

import io
from collections.abc import Mapping
from typing import Any

import fastavro

from bus.avro.registry import Registry
from bus.avro.wire_format import head
from catalogue.avro import ENVELOPE_RECORD, Schema
from catalogue.envelope import Envelope


class Encoder:
    """Encodes values of one record type of one topic; ``magic`` is what each of its messages begins with."""

    def __init__(self, registry: Registry, topic: str, schema: Schema) -> None:
        self.schema_id = registry.register(topic, schema)
        self.magic = head(self.schema_id)
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
    """Encodes catalogue events of one item.

    Envelope and payload are encoded apart: of a union fastavro checks every value against its branches first.
    """

    def __init__(self, registry: Registry, topic: str, schema: Schema) -> None:
        self._event = Encoder(registry, topic, schema)
        null, data = schema["fields"][-1]["type"]
        if null != "null":
            raise ValueError("an event's payload is the second branch of a union with null")
        self._data = PartEncoder(data)

    def __call__(self, envelope: Mapping[str, Any], data: Mapping[str, Any] | None) -> bytes:
        """Return the message of an envelope and a payload."""
        # The byte before the payload is its branch of the union, 0 or 1 as a zigzag number.
        payload = b"\x00" if data is None else b"\x02" + self._data(data)
        return self._event.wrap(_encode_envelope(envelope) + payload)


class PartEncoder:
    """Encodes a part of a message: Avro without a head, of a schema that the registry never sees."""

    def __init__(self, schema: Any) -> None:
        self._schema = fastavro.parse_schema(schema)

    def __call__(self, value: Any) -> bytes:
        """Return the Avro of one value."""
        out = io.BytesIO()
        # Without it fastavro looks at every value for a tuple that names its branch; there are none.
        fastavro.schemaless_writer(out, self._schema, value, disable_tuple_notation=True)
        return out.getvalue()


_encode_envelope = PartEncoder(ENVELOPE_RECORD)


def encode_envelope(envelope: Envelope) -> bytes:
    """Return an envelope's Avro, without a message's head."""
    return _encode_envelope(envelope._asdict())
