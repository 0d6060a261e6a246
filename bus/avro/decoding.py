"""Messages to values, by readers that are compiled once for each schema."""

import io
import itertools
import json
from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple

import fastavro

from bus.avro import writer
from bus.avro.reader import AvroReader, UncoveredType, compile_reader
from bus.avro.registry import Registry, full_name
from bus.avro.wire_format import HEAD_SIZE, schema_id_of
from catalogue import wire
from catalogue.avro import ENVELOPE, ENVELOPE_RECORD, FIRST_ENVELOPE_FIELDS, TIMESTAMP, Schema
from catalogue.envelope import Envelope
from catalogue.errors import PoisonMessage
from catalogue.times import from_micros

# What readers raise for bytes that are not of their schema.
_MISFITS = (EOFError, ValueError, IndexError, UnicodeDecodeError, TypeError, KeyError, OverflowError)


# The hub's own records that gained fields since they were first released.
_TODAY = {full_name(schema): schema["fields"] for schema in (wire.RECORD, wire.STATE, wire.SUBMISSION)}


class Decoder:
    """Decodes any message of the bus by the schema that its id names.

    ``wanted``: by a record type's full name, the payload's fields that its user needs; the others are stepped over.
    None: all. ``unscaled``: decimals of whole messages are whole numbers, in units of their last place.
    Every method raises PoisonMessage for what cannot be read, and Unavailable while the registry is away.
    """

    def __init__(
        self,
        registry: Registry,
        wanted: Callable[[str], Collection[str]] | None = None,
        *,
        unscaled: bool = False,
    ) -> None:
        self._registry, self._unscaled = registry, unscaled
        self._wanted = wanted
        self._values: dict[int, AvroReader] = {}
        self._payloads: dict[int, AvroReader] = {}
        self._forms: dict[int, _EnvelopeForm] = {}

    def __call__(self, message: bytes) -> dict[str, Any]:
        """Return the value of a message; fields that came after its schema's version have their defaults."""
        schema_id = schema_id_of(message)
        read = self._values.get(schema_id)
        if read is None:
            read = self._values[schema_id] = _completing_reader(
                self._registry.schema(schema_id), unscaled=self._unscaled
            )
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

        The bytes are those of today's envelope, whatever version wrote them: they are passed on. Raises PoisonMessage
        for a record type that does not begin with the envelope, too.
        """
        schema_id = schema_id_of(message)
        form = self._forms.get(schema_id)
        if form is None:
            form = self._forms[schema_id] = _form_of(schema_id, self._registry.schema(schema_id)["fields"])
        try:
            envelope, end = form.read(message, HEAD_SIZE)
        except _MISFITS as exc:
            raise _misfit(exc) from exc
        own = message[HEAD_SIZE:end]
        return envelope, own + form.missing if form.missing else own, schema_id, message[end:]

    def record(self, message: bytes) -> tuple[Envelope, bytes, int, bytes]:
        """Read a message of ``credit.record.v1``: (envelope, its own bytes, schema id, payload)."""
        envelope, head, _, tail = self.envelope(message)
        try:
            return envelope, head, *writer.record_tail(tail, 0)
        except IndexError as exc:
            raise _misfit(exc) from exc

    def payload(self, schema_id: int, payload: bytes) -> dict[str, Any] | None:
        """Decode the ``data`` of a catalogue event as kept in records and changes."""
        read = self._payloads.get(schema_id)
        if read is None:
            schema = self._registry.schema(schema_id)
            wanted = None if self._wanted is None else self._wanted(str(schema["name"]))
            read = self._payloads[schema_id] = reader_of(schema["fields"][-1]["type"], wanted)
        try:
            value: dict[str, Any] | None = read(payload, 0)[0]
        except _MISFITS as exc:
            raise _misfit(exc) from exc
        return value


def reader_of(schema: Any, wanted: Collection[str] | None = None, *, unscaled: bool = False) -> AvroReader:
    """Return the reader of a schema; fastavro reads those with types that only foreign writers use."""
    try:
        return compile_reader(schema, wanted=wanted, unscaled=unscaled)
    except UncoveredType:
        parsed = fastavro.parse_schema(schema)

        def read(raw: bytes, at: int) -> tuple[Any, int]:
            body = io.BytesIO(raw)
            body.seek(at)
            return fastavro.schemaless_reader(body, parsed, None), body.tell()

        return read


def _completing_reader(schema: Any, *, unscaled: bool) -> AvroReader:
    """Return the reader of a schema that adds the defaults of fields which only later versions have."""
    read, present = reader_of(schema, unscaled=unscaled), {field["name"] for field in schema["fields"]}
    today = _TODAY.get(schema["name"]) or (ENVELOPE if envelope_fields(schema["fields"]) else ())
    later = {f["name"]: _default(f) for f in today if "default" in f and f["name"] not in present}
    if not later:
        return read

    def complete(raw: bytes, at: int) -> tuple[Any, int]:
        value, end = read(raw, at)
        return {**value, **later}, end

    return complete


def _default(field: Schema) -> Any:
    return from_micros(field["default"]) if field["type"] == TIMESTAMP else field["default"]


class _EnvelopeForm(NamedTuple):
    """The envelope as one version of a schema has it, and the bytes of the fields that came after that version."""

    read: AvroReader
    missing: bytes


def envelope_fields(fields: Sequence[Any]) -> int:
    """Return with how many of the envelope's fields a record's fields begin; 0: with no envelope of any version."""
    pairs = zip(fields, ENVELOPE, strict=False)
    count = sum(1 for _ in itertools.takewhile(lambda pair: _shape(pair[0]) == _shape(pair[1]), pairs))
    return count if count >= FIRST_ENVELOPE_FIELDS else 0


def _form_of(schema_id: int, fields: Sequence[Any]) -> _EnvelopeForm:
    # The envelope's bytes are passed on: a schema with another envelope must not slip through.
    count = envelope_fields(fields)
    if not count:
        raise PoisonMessage(f"The schema {schema_id} does not begin with the envelope.")
    if count == len(ENVELOPE):
        return _EnvelopeForm(_read_envelope, b"")
    read = compile_reader({**ENVELOPE_RECORD, "fields": list(ENVELOPE[:count])}, make=lambda found: Envelope(*found))
    out = io.BytesIO()
    # Fields that came later have defaults, which the writer takes here.
    fastavro.schemaless_writer(out, {**ENVELOPE_RECORD, "fields": list(ENVELOPE[count:])}, {})
    return _EnvelopeForm(read, out.getvalue())


_read_envelope = compile_reader(ENVELOPE_RECORD, make=Envelope._make)


def _shape(field: Any) -> tuple[str, str]:
    """Return a field's name and type, in a form in which equal types are equal, whether parsed or not."""
    return field["name"], json.dumps(field["type"], sort_keys=True)


def _misfit(problem: Exception) -> PoisonMessage:
    return PoisonMessage(f"The message does not fit its schema: {type(problem).__name__}.")
