"""States and changes are byte for byte what fastavro writes, and the store gives a state back as it was."""

import io
import marshal
from datetime import UTC, date, datetime
from typing import Any

import fastavro
from hypothesis import given
from hypothesis import strategies as st

from bus.avro import writer
from bus.avro.encoding import encode_envelope
from catalogue import wire
from catalogue.times import EPOCH, from_micros, micros
from rules.indicators.facts import from_millionths
from rules.merge import Name, Record
from rules.state import DIGEST_RULE
from streams.merge.encoding import LARGEST_CHANGE, encode_changes, encode_head, encode_state, encode_values
from streams.merge.state import SubjectState, pack, state_hash, unpack
from streams.merge.subject import RecordUpdate
from streams.merge.update import IndicatorUpdate, SubjectUpdate, ValuesUpdate
from streams.merge.values import digest_of, pack_values, unpack_values
from tests.builders.events import envelope

# Until 2112.
MOMENTS = st.integers(0, 2**52).map(from_micros)
NUMBERS = st.none() | st.integers(-(10**30), 10**30)
NAMES = st.text(max_size=8)
LONGS = st.integers(0, 2**40)
STATES = st.builds(
    SubjectState,
    st.none()
    | st.builds(Name, st.booleans(), MOMENTS, MOMENTS, st.integers(0, 2**31 - 1), NAMES, st.text(max_size=80)),
    LONGS,
    st.dates(date(1970, 1, 1), date(2100, 1, 1)),
    st.integers(0, 2**128 - 1),
    st.integers(0, 2**128 - 1),
    st.dictionaries(NAMES, LONGS, max_size=5),
    st.just(DIGEST_RULE),
    st.just({}),
)


def read(schema: Any, raw: bytes) -> Any:
    body = io.BytesIO(raw)
    value = fastavro.schemaless_reader(body, fastavro.parse_schema(schema), None)
    assert body.tell() == len(raw)
    return value


def written(schema: Any, value: Any) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema), value)
    return out.getvalue()


def number(value: int | None) -> Any:
    return None if value is None else from_millionths(value)


@given(STATES, MOMENTS)
def test_a_state_is_avros_and_is_kept_as_it_is(state: SubjectState, at: datetime) -> None:
    name = state.name
    value = {
        "subject": "S", "subject_name": state.subject_name, "sequence": state.sequence, "as_of": state.as_of,
        "hash": state_hash(state), "indicators_digest": f"{state.indicators:032x}",
        "counts": dict(sorted(state.counts.items())), "records_digest": f"{state.digest:032x}", "changed_at": at,
        "named_by": None if name is None else {
            "registered": name.registered, "source_time": name.source_time, "revision": name.revision,
            "content_hash": name.content_hash, "as_of": name.as_of,
        },
        "digest_rule": DIGEST_RULE,
    }  # fmt: skip
    raw = encode_state(encode_head("S", state), state, writer.timestamp(at))
    assert raw == written(wire.STATE, value)
    assert unpack(pack(state), lambda _: {}) == state
    assert unpack(b"\x00head" + raw, lambda message: dict(read(wire.STATE, message[5:]))) == state


def test_a_state_that_was_packed_by_the_first_rule_is_outdated_and_its_name_is_of_1970() -> None:
    at = datetime(2026, 6, 1, tzinfo=UTC)
    packed = marshal.dumps(((True, micros(at), 3, "hash", "样例企业"), 7, 730_000, 5, {"i": 1}, {"item": 2}))
    state = unpack(packed, lambda _: {})
    assert state.name == Name(True, at, EPOCH, 3, "hash", "样例企业")
    assert (state.sequence, state.digest, state.outdated, state.former) == (7, 5, True, {"i": 1})
    assert unpack(pack(state), lambda _: {}) == state._replace(rule=DIGEST_RULE, former={})


def test_a_state_of_when_the_indicators_lay_in_it_tells_what_they_were() -> None:
    packed = marshal.dumps((None, 7, 730_000, 5, {"i": 1, "j": None}, {"item": 2}, 3))
    state = unpack(packed, lambda _: {})
    assert (state.indicators, state.former, state.outdated) == (0, {"i": 1, "j": None}, True)


@given(STATES, st.dictionaries(NAMES, NUMBERS, max_size=5), MOMENTS)
def test_values_are_avros_and_are_kept_as_they_are(
    state: SubjectState, values: dict[str, int | None], at: datetime
) -> None:
    raw = encode_values("S", ValuesUpdate("tax.payment", values), state, writer.timestamp(at))
    value = {
        "subject": "S", "item": "tax.payment", "sequence": state.sequence, "as_of": state.as_of,
        "hash": f"{digest_of('tax.payment', values):032x}",
        "indicators": {k: number(v) for k, v in sorted(values.items())}, "changed_at": at,
    }  # fmt: skip
    assert raw == written(wire.INDICATOR_VALUES, value)
    assert unpack_values(pack_values(values), lambda _: {}) == values
    assert unpack_values(b"\x00head" + raw, lambda one: dict(read(wire.INDICATOR_VALUES, one[5:]))) == values


@given(STATES, st.lists(st.builds(IndicatorUpdate, NAMES, NUMBERS, NUMBERS), max_size=4), MOMENTS)
def test_a_change_is_avros(state: SubjectState, indicators: list[IndicatorUpdate], at: datetime) -> None:
    value = {
        "subject": "S", "subject_name": state.subject_name, "sequence": state.sequence, "as_of": state.as_of,
        "changed_at": at, "records": [],
        "indicators": [{"id": t.id, "previous": number(t.previous), "current": number(t.current)} for t in indicators],
    }  # fmt: skip
    update, changed_at = SubjectUpdate(state, [], indicators, [], same_state=False), writer.timestamp(at)
    assert encode_changes(encode_head("S", state), "S", update, changed_at) == [written(wire.CHANGE, value)]


@given(
    st.lists(st.integers(0, 6).map(lambda tenths: tenths * LARGEST_CHANGE // 5), min_size=1, max_size=9),
    st.integers(1, 9000),
)
def test_a_change_that_is_too_large_is_told_in_several(sizes: list[int], sequence: int) -> None:
    state, at = SubjectState(None, sequence, date(2026, 6, 1), 0, 0, {}), datetime(2026, 6, 1, tzinfo=UTC)
    envelopes = [envelope(record_key=f"{number}", row=number) for number in range(len(sizes))]
    records = [
        RecordUpdate(Record(head, 1, b"\x00" * size, encode_envelope(head)), True, None, False)
        for head, size in zip(envelopes, sizes, strict=True)
    ]
    update = SubjectUpdate(state, records, [IndicatorUpdate("i", None, 1)], [], same_state=False)
    raws = encode_changes(encode_head("S", state), "S", update, writer.timestamp(at))
    changes = [read(wire.CHANGE, raw) for raw in raws]
    assert [c["sequence"] for c in changes] == [*range(sequence, sequence + len(changes))]
    assert [r["record_key"] for c in changes for r in c["records"]] == [e.record_key for e in envelopes]
    assert [len(c["indicators"]) for c in changes] == [*(0 for _ in changes[1:]), 1]
    for raw, change in zip(raws, changes, strict=True):
        assert change["records"]
        assert len(raw) <= LARGEST_CHANGE + 200 or len(change["records"]) == 1
