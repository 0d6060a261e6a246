"""What is spliced together is byte for byte what fastavro writes."""

import io
from datetime import UTC, datetime
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.avro import writer
from bus.avro.encoding import encode_envelope
from catalogue import wire
from catalogue.envelope import Envelope, EventId, ItemId, RecordKey, SubjectKey, SubmissionId

LONGS = st.integers(-(2**63), 2**63 - 1)
INTS = st.integers(0, 2**31 - 1)
# Built in two steps, for `builds` knows no NewType of text.
ENVELOPES = st.builds(
    lambda texts, revision, row, replaces: Envelope(
        EventId(texts[0]), ItemId(texts[1]), "REPORT", RecordKey(texts[2]), texts[3] or None,
        datetime(2026, 6, 30, tzinfo=UTC), revision, texts[4], datetime(2026, 7, 1, tzinfo=UTC), "u", "630100", "FILE",
        SubmissionId("s"), row, SubjectKey(texts[5]), None, replaces,
    ),
    st.lists(st.text(max_size=20), min_size=6, max_size=6), INTS, LONGS, st.booleans(),
)  # fmt: skip


def avro(schema: Any, value: Any) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema), value)
    return out.getvalue()


@given(LONGS)
def test_a_long_is_avros_and_is_read_again(number: int) -> None:
    written = writer.long(number)
    assert written == avro("long", number)
    assert writer.read_long(b"\xff" + written, 1) == (number, 1 + len(written))


@given(ENVELOPES, INTS, st.binary(max_size=300))
def test_a_record_is_avros(envelope: Envelope, schema_id: int, payload: bytes) -> None:
    head = encode_envelope(envelope)
    value = {**envelope._asdict(), "schema_id": schema_id, "payload": payload}
    written = writer.record(b"", head, schema_id, payload)
    assert written == avro(wire.RECORD, value)
    assert writer.record_tail(written, len(head)) == (schema_id, payload)


@given(ENVELOPES, INTS, st.binary(max_size=300), st.booleans(), st.booleans(), st.none() | st.tuples(INTS, st.binary()))
def test_the_changes_of_records_are_avros(
    envelope: Envelope, schema_id: int, payload: bytes, live: bool, was_live: bool, previous: tuple[int, bytes] | None
) -> None:
    value = {
        **envelope._asdict(),
        "live": live,
        "schema_id": schema_id,
        "payload": payload,
        "was_live": was_live,
        "previous_schema_id": previous and previous[0],
        "previous_payload": None if previous is None else previous[1],
    }
    one = writer.record_change(encode_envelope(envelope), live, schema_id, payload, was_live, previous)
    records = next(f["type"] for f in wire.CHANGE["fields"] if f["name"] == "records")
    assert writer.array([one, one]) == avro(records, [value, value])
    assert writer.array([]) == avro(records, [])


def test_a_torn_number_is_an_error() -> None:
    with pytest.raises(IndexError):
        writer.read_long(b"\x80", 0)
