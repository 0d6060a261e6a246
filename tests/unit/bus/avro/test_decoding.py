"""What the first released schemas wrote is read as of 1970, and passed on as today's schemas have it."""

import io
import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

import fastavro
import pytest

from bus.avro import writer
from bus.avro.decoding import Decoder
from bus.avro.encoding import encode_envelope
from bus.avro.registry import Registry
from catalogue import wire
from catalogue.avro import Schema, event_schema
from catalogue.errors import PoisonMessage
from catalogue.load import load_catalogue
from catalogue.schema_versions import FOLDER
from catalogue.times import EPOCH
from tests.builders.events import MOMENT, envelope

EVENT = "catalogue/administration/Penalty"
OLD = envelope(period="2026-06", row=7)
NEW = OLD._replace(as_of=MOMENT, unread_fields=("postal_code", "remark"))


def first(path: str) -> Schema:
    """Return the first released version of a schema."""
    schema: Schema = json.loads((FOLDER / "released" / path / "1.avsc").read_text("utf-8"))
    return schema


def decoder(*schemas: Schema) -> Decoder:
    """Return a decoder for schemas whose ids are their numbers, from 1."""
    parsed = {n: fastavro.parse_schema(schema) for n, schema in enumerate(schemas, start=1)}
    return Decoder(cast("Registry", SimpleNamespace(schema=parsed.__getitem__)))


def message(schema_id: int, schema: Schema, value: Mapping[str, Any]) -> bytes:
    """Return a message in the wire format."""
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema), value)
    return b"\x00" + schema_id.to_bytes(4, "big") + out.getvalue()


def test_an_event_of_a_released_schema_is_of_1970_and_its_bytes_become_todays() -> None:
    before, now = first(EVENT), event_schema(load_catalogue().item("administration.penalty"))
    decode = decoder(before, now)
    data = {"fine_amount": None}
    read, head, schema_id, payload = decode.envelope(message(1, before, {**OLD._asdict(), "data": data}))
    assert (read, schema_id) == (OLD, 1)
    assert read.as_of == EPOCH
    assert head == encode_envelope(OLD)
    again, head, schema_id, same_payload = decode.envelope(message(2, now, {**NEW._asdict(), "data": data}))
    assert (again, head, schema_id) == (NEW, encode_envelope(NEW), 2)
    first_fields, fields = decode.payload(1, payload), decode.payload(2, same_payload)
    assert first_fields is not None
    assert fields is not None
    # Fields that came later are absent of an old payload, and say nothing in a new one.
    assert first_fields == {name: value for name, value in fields.items() if name in first_fields}
    assert not any(value for name, value in fields.items() if name not in first_fields)


def test_a_record_of_the_changelog_from_before_is_republished_as_todays() -> None:
    before = first("internal/Record")
    value = {**OLD._asdict(), "schema_id": 5, "payload": b"\x02abc"}
    decode = decoder(before, wire.RECORD)
    read, head, schema_id, payload = decode.record(message(1, before, value))
    assert (read, schema_id, payload) == (OLD, 5, b"\x02abc")
    republished = writer.record(b"\x00\x00\x00\x00\x02", head, schema_id, payload)
    assert republished == message(2, wire.RECORD, value)
    assert decode.record(republished) == (OLD, head, 5, b"\x02abc")
    # Read as a whole, the field is there, too.
    assert decode(message(1, before, value)) == decode(republished)


def test_fields_that_came_later_have_their_defaults() -> None:
    state, submission = first("internal/State"), first("internal/Submission")
    decode = decoder(state, submission)
    texts = dict.fromkeys((f["name"] for f in submission["fields"] if f["type"] == "string"), "x")
    numbers = dict.fromkeys((f["name"] for f in submission["fields"] if f["type"] == "long"), 0)
    moments = {"opened_at": MOMENT, "updated_at": MOMENT, "control_totals": {}, "correction": False}
    read = decode(message(2, submission, {**texts, **numbers, **moments}))
    assert (read["as_of"], read["last_as_of"], read["conflict_rows"]) == (None, None, [])
    values = {"subject": "s", "sequence": 1, "as_of": MOMENT.date(), "hash": "", "indicators": {}, "counts": {}}
    assert decode(message(1, state, {**values, "records_digest": "0", "changed_at": MOMENT}))["digest_rule"] == 1


def test_a_record_type_without_the_envelope_is_refused() -> None:
    decode = decoder(wire.POSITION)
    value = {f["name"]: "t" if f["type"] == "string" else 0 for f in wire.POSITION["fields"]}
    with pytest.raises(PoisonMessage, match="envelope"):
        decode.envelope(message(1, wire.POSITION, value))
