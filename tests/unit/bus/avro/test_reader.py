"""A reader made for a schema reads what fastavro reads, of every schema of the hub, and refuses what does not fit."""

import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bus.avro import writer
from bus.avro.reader import UncoveredType, compile_reader
from catalogue.avro import all_schemas
from catalogue.load import load_catalogue
from catalogue.schema_versions import internal_schemas
from catalogue.times import from_micros

SCHEMAS = {**all_schemas(load_catalogue()), **internal_schemas()}
TROUBLE = (EOFError, IndexError, ValueError, OverflowError)
_PLAIN: dict[str, st.SearchStrategy[Any]] = {
    "null": st.none(),
    "boolean": st.booleans(),
    "int": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(-(2**63), 2**63 - 1),
    "string": st.text(max_size=100),
    "bytes": st.binary(max_size=200),
}
_EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
_LOGICAL: dict[str, st.SearchStrategy[Any]] = {
    "date": st.dates(date(1900, 1, 1), date(9999, 12, 31)),
    "timestamp-micros": st.integers(0, 250 * 365 * 86400 * 10**6).map(lambda n: _EARLIEST + timedelta(microseconds=n)),
}


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Return a strategy of the values of a schema."""
    if isinstance(kind, list):
        return st.one_of(*map(values, kind))
    if isinstance(kind, str):
        return _PLAIN[kind]
    if kind.get("logicalType") == "decimal":
        most = 10 ** kind["precision"] - 1
        return st.integers(-most, most).map(lambda n: Decimal(n).scaleb(-kind["scale"]))
    if "logicalType" in kind:
        return _LOGICAL[kind["logicalType"]]
    if kind["type"] == "fixed":
        return st.binary(min_size=kind["size"], max_size=kind["size"])
    if kind["type"] == "record":
        return st.fixed_dictionaries({f["name"]: values(f["type"]) for f in kind["fields"]})
    if kind["type"] == "array":
        return st.lists(values(kind["items"]), max_size=3)
    if kind["type"] == "map":
        return st.dictionaries(_PLAIN["string"], values(kind["values"]), max_size=3)
    return values(kind["type"])


def written(schema: Any, value: Any) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema), value)
    return out.getvalue()


@pytest.mark.parametrize("path", sorted(SCHEMAS))
@settings(max_examples=5)
@given(data=st.data())
def test_every_schema_of_the_hub_is_read_as_fastavro_reads_it(path: str, data: st.DataObject) -> None:
    schema = SCHEMAS[path]
    value = data.draw(values(schema))
    raw = written(schema, value)
    read = compile_reader(fastavro.parse_schema(schema))
    assert read(b"\x00abcd" + raw + b"rest", 5) == (
        fastavro.schemaless_reader(io.BytesIO(raw), fastavro.parse_schema(schema), None),
        5 + len(raw),
    )
    wanted = {field["name"] for field in schema["fields"][::2]}
    some, end = compile_reader(schema, wanted=wanted)(raw, 0)
    assert (some, end) == ({k: v for k, v in value.items() if k in wanted}, len(raw))
    with pytest.raises(TROUBLE):
        read(raw[: data.draw(st.integers(0, len(raw) - 1))], 0)


_NUMBERS = {
    "type": "record",
    "name": "Numbers",
    "fields": [{"name": "n", "type": "long"}, {"name": "t", "type": "string"}],
}


@given(st.binary(max_size=40))
def test_no_bytes_do_harm(raw: bytes) -> None:
    kind = {"type": "array", "items": ["null", _NUMBERS]}
    try:
        _, end = compile_reader(kind)(raw, 0)
    except TROUBLE:
        return
    assert 0 < end <= len(raw)


def test_blocks_with_their_size_are_read() -> None:
    assert compile_reader({"type": "array", "items": "long"})(b"\x03\x04\x02\x04\x02\x06\x00", 0) == ([1, 2, 3], 7)


def test_a_value_is_built_by_its_maker() -> None:
    assert compile_reader(_NUMBERS, make=list)(b"\x02\x02a", 0) == ([1, "a"], 3)


@pytest.mark.parametrize(
    "kind",
    [
        "double",
        {"type": "string", "logicalType": "uuid"},
        {"type": "fixed", "name": "F", "size": 12, "logicalType": "duration"},
        {"type": "fixed", "name": "F", "size": 0},
        {"type": "fixed", "name": "F", "size": -1},
    ],
)
def test_what_is_not_covered_is_said(kind: Any) -> None:
    with pytest.raises(UncoveredType):
        compile_reader(kind)


@pytest.mark.attack(by="whoever registers a schema", wants="a line of his in the program that is made of it")
def test_what_a_schema_says_never_becomes_a_line_of_the_program() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        compile_reader({"type": "fixed", "name": "F", "size": "1; raise SystemExit(1)"})
    with pytest.raises(ValueError, match="invalid literal"):
        compile_reader({"type": "bytes", "logicalType": "decimal", "scale": "0); raise SystemExit(1"})
    name = "a': 0}; raise SystemExit(1)#"
    schema = {"type": "record", "name": "R", "fields": [{"name": name, "type": "long"}]}
    assert compile_reader(schema)(b"\x02", 0) == ({name: 1}, 1)


# Around what is remembered of a moment: the microseconds that share its higher bytes, before and after 1970.
_NEAR = st.builds(
    lambda base, away: from_micros(base + away),
    st.sampled_from([0, 1 << 20, 1_782_864_000_000_000, 2**54 - 1, 2**54, -1_782_864_000_000_000]),
    st.integers(-3 << 20, 3 << 20),
)


@given(st.lists(_NEAR, min_size=2, max_size=20))
def test_moments_that_are_near_each_other_are_told_apart(moments: list[datetime]) -> None:
    read = compile_reader({"type": "array", "items": {"type": "long", "logicalType": "timestamp-micros"}})
    raw = b"".join([writer.long(len(moments)), *(writer.timestamp(one) for one in moments), b"\x00"])
    assert read(raw, 0) == (moments, len(raw))
