"""What is joined field by field is what fastavro writes, and is read again as it was."""

import io
from collections.abc import Mapping
from typing import Any

import fastavro
from hypothesis import given
from hypothesis import strategies as st

from catalogue import wire
from rules.release.entitlement import NOTHING, Access, Entitlement, Opening
from sinks.banks.encoding import ReleasedMessage, entry_body, marks_body
from sinks.banks.marks import Mark, ToldPart, pack_marks, read_marks, unpack_marks

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
numbers = st.integers(0, 2**63 - 1)
ints = st.integers(0, 2**31 - 1)
consents = st.lists(texts, max_size=3).map(tuple)
openings = st.builds(Opening, texts, st.sampled_from([Access.STORED, Access.STREAMED]), consents, numbers)
categories = st.lists(texts, max_size=2).map(tuple)
opened = st.lists(openings, max_size=3).map(tuple)
entitlements = st.one_of(st.just(NOTHING), st.builds(Entitlement, ints, st.booleans(), categories, opened))
parts = st.lists(st.builds(ToldPart, texts, entitlements), min_size=1, max_size=3).map(tuple)
all_marks = st.dictionaries(texts, st.builds(Mark, numbers, parts), max_size=70)
messages = st.builds(ReleasedMessage, texts, numbers, texts, consents, st.binary(min_size=32, max_size=32))


def _by_fastavro(schema: Any, value: Mapping[str, Any]) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema), dict(value))
    return out.getvalue()


def _read(schema: Any, body: bytes) -> Any:
    return fastavro.schemaless_reader(io.BytesIO(body), fastavro.parse_schema(schema), None)


def _wire(entitled: Entitlement) -> dict[str, Any]:
    opened = [
        {**one._asdict(), "access": one.access.value, "consents": list(one.consents)} for one in entitled.openings
    ]
    return {**entitled._asdict(), "categories": list(entitled.categories), "openings": opened}


@given(texts, all_marks)
def test_marks(subject: str, marks: dict[str, Mark]) -> None:
    body = marks_body(subject, marks)
    value = _read(wire.RELEASE_MARKS, body)
    assert value["subject"] == subject
    assert read_marks(value) == marks
    assert _by_fastavro(wire.RELEASE_MARKS, value) == body
    # Recipients in their order, and of equal entitlements one.
    assert [one["recipient"] for one in value["recipients"]] == sorted(marks)
    told = {part.entitlement for mark in marks.values() for part in mark.told}
    assert len(value["entitlements"]) == len(told)
    assert all(_wire(one) in value["entitlements"] for one in told)


@given(all_marks)
def test_marks_in_the_store(marks: dict[str, Mark]) -> None:
    def read(message: bytes) -> Any:
        return _read(wire.RELEASE_MARKS, message[1:])

    assert unpack_marks(pack_marks(marks), read) == marks
    # As they are when the store was restored from the topic: with the magic byte first.
    assert unpack_marks(b"\0" + marks_body("", marks), read) == marks


@given(numbers, st.tuples(texts, texts, texts, texts), ints, st.lists(messages, max_size=70))
def test_entries(step: int, said: tuple[str, str, str, str], policy: int, released: list[ReleasedMessage]) -> None:
    subject, item, op, reason = said
    value = {
        "step": step, "subject": subject, "item": item, "op": op, "reason": reason, "policy": policy,
        "messages": [{**one._asdict(), "consents": list(one.consents)} for one in released],
    }  # fmt: skip
    body = entry_body(step, subject, item, op, reason, policy, released)
    assert body == _by_fastavro(wire.RELEASE_ENTRY, value)
    assert _read(wire.RELEASE_ENTRY, body) == value
