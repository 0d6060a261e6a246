"""What fits an item's fields can be encoded by the schema in which banks get them, whatever else lies in the record."""

import io
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import fastavro
from hypothesis import given
from hypothesis import strategies as st

from catalogue.avro import bank_schema
from catalogue.load import load_catalogue
from catalogue.model import Field, FieldType, Item
from rules.release.kinds import Kinds

TYPED = [item for item in load_catalogue().items if bank_schema(item) is not None]
KINDS = {item.id: Kinds(item) for item in TYPED}
_DECIMALS = {FieldType.MONEY: 4, FieldType.NUMBER: 6}
_OWN: dict[FieldType, st.SearchStrategy[Any]] = {
    FieldType.INTEGER: st.integers(-(2**63), 2**63 - 1),
    FieldType.YEAR: st.integers(1900, 2200),
    FieldType.DATE: st.dates(),
    FieldType.TIMESTAMP: st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    FieldType.BOOLEAN: st.booleans(),
}
_STRANGE = st.one_of(
    st.none(), st.text(max_size=3), st.binary(max_size=3), st.integers(), st.booleans(), st.floats(), st.dates(),
    st.decimals(), st.lists(st.one_of(st.integers(), st.just({}), st.just({"name": 1})), max_size=2), st.just({}),
    st.just(datetime(2025, 6, 1, tzinfo=UTC)),
)  # fmt: skip


def _own(field: Field) -> st.SearchStrategy[Any]:
    if field.type in _DECIMALS:
        places = _DECIMALS[field.type]
        return st.integers(-(10**24) + 1, 10**24 - 1).map(lambda n: Decimal(n).scaleb(-places))
    if field.type is FieldType.DETAILS:
        return st.lists(st.fixed_dictionaries({c.name: st.none() | _own(c) for c in _open(field.details)}), max_size=2)
    return _OWN.get(field.type, st.text(max_size=3))


def _open(fields: tuple[Field, ...]) -> list[Field]:
    return [field for field in fields if not field.encrypted and field.audience == "all"]


def _encode(item: Item, data: dict[str, Any]) -> None:
    schema = bank_schema(item)
    assert schema is not None
    (said,) = (field for field in schema["fields"] if field["name"] == "data")
    parsed = fastavro.parse_schema(said["type"])
    fastavro.schemaless_writer(io.BytesIO(), parsed, data, disable_tuple_notation=True)


@given(item=st.sampled_from(TYPED), data=st.data())
def test_values_of_their_own_kind_fit(item: Item, data: st.DataObject) -> None:
    row = {field.name: data.draw(st.none() | _own(field), field.name) for field in _open(item.fields)}
    assert KINDS[item.id].misfit(row) is None
    _encode(item, row)


@given(item=st.sampled_from(TYPED), data=st.data())
def test_what_fits_is_encoded(item: Item, data: st.DataObject) -> None:
    field = data.draw(st.sampled_from(_open(item.fields)))
    row = {field.name: data.draw(st.one_of(_STRANGE, _own(field)))}
    if KINDS[item.id].misfit(row) is None:
        _encode(item, row)


def test_the_field_is_named() -> None:
    item = next(item for item in TYPED if item.id == "administration.penalty")
    found = KINDS[item.id].misfit({"subject_name": "甲", "decision_date": "2025-06-01", "id_number": b"ciphertext"})
    assert found is not None
    assert found.name == "decision_date"
