"""Messages to values, by readers that are compiled once for each schema."""

import io
import json
from collections.abc import Collection
from typing import Any

import fastavro

from bus.avro import writer
from bus.avro.reader import AvroReader, UncoveredType, compile_reader
from bus.avro.registry import Registry
from bus.avro.wire_format import HEAD_SIZE, schema_id_of
from catalogue.avro import ENVELOPE, ENVELOPE_RECORD
from catalogue.envelope import Envelope
from catalogue.errors import PoisonMessage

# What readers raise for bytes that are not of their schema.
_MISFITS = (EOFError, ValueError, IndexError, UnicodeDecodeError, TypeError, KeyError, OverflowError)


class Decoder:
    """Decodes any message of the bus by the schema that its id names.

    ``wanted``: the payload's fields that its user needs; the others are stepped over. None: all.
    Every method raises PoisonMessage for what cannot be read, and Unavailable while the registry is away.
    """

    def __init__(self, registry: Registry, wanted: Collection[str] | None = None) -> None:
        self._registry = registry
        self._wanted = wanted
        self._values: dict[int, AvroReader] = {}
        self._payloads: dict[int, AvroReader] = {}
        self._enveloped: set[int] = set()

    def __call__(self, message: bytes) -> dict[str, Any]:
        """Return the value of a message."""
        schema_id = schema_id_of(message)
        read = self._values.get(schema_id)
        if read is None:
            read = self._values[schema_id] = reader_of(self._registry.schema(schema_id))
        try:
            value: dict[str, Any] = read(message, HEAD_SIZE)[0]
        except _MISFITS as exc:
            raise _misfit(exc) from exc
        return value

    def name(self, message: bytes) -> str:
        """Return the full name of a message's record type."""
        return str(self._registry.schema(schema_id_of(message))["name"])

    def envelope(self, message: bytes) -> tuple[Envelope, bytes, int, bytes]:
        """Read the envelope alone: (envelope, its own bytes, schema id, the undecoded ``data`` behind it).

        Raises PoisonMessage for a record type that does not begin with the envelope, too.
        """
        schema_id = schema_id_of(message)
        if schema_id not in self._enveloped:
            self._check_envelope(schema_id)
        try:
            envelope, end = _read_envelope(message, HEAD_SIZE)
        except _MISFITS as exc:
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
        # The envelope's bytes are passed on as they are: a schema with another envelope must not slip through.
        fields = self._registry.schema(schema_id)["fields"][: len(ENVELOPE)]
        if [_shape(field) for field in fields] != [_shape(field) for field in ENVELOPE]:
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
        except _MISFITS as exc:
            raise _misfit(exc) from exc
        return value


def reader_of(schema: Any, wanted: Collection[str] | None = None) -> AvroReader:
    """Return the reader of a schema; fastavro reads those with types that only foreign writers use."""
    try:
        return compile_reader(schema, wanted=wanted)
    except UncoveredType:
        parsed = fastavro.parse_schema(schema)

        def read(raw: bytes, at: int) -> tuple[Any, int]:
            body = io.BytesIO(raw)
            body.seek(at)
            return fastavro.schemaless_reader(body, parsed, None), body.tell()

        return read


_read_envelope = compile_reader(ENVELOPE_RECORD, make=Envelope._make)


def _shape(field: Any) -> tuple[str, str]:
    """Return a field's name and type, in a form in which equal types are equal, whether parsed or not."""
    return field["name"], json.dumps(field["type"], sort_keys=True)


def _misfit(problem: Exception) -> PoisonMessage:
    return PoisonMessage(f"The message does not fit its schema: {type(problem).__name__}.")
