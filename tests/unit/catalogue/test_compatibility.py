"""What may follow a released schema, and what may not."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from catalogue.avro import ENVELOPE, FIRST_ENVELOPE_FIELDS, MONEY, TIMESTAMP, Schema, optional
from catalogue.compatibility import Level, incompatibilities, level

PATH = "catalogue/market/Registration.avsc"
INTERNAL = "internal/Submission.avsc"


def event(*columns: Schema) -> Schema:
    """Return a catalogue event with these columns."""
    data = {"type": "record", "name": "RegistrationData", "fields": list(columns)}
    return copy.deepcopy(
        {
            "type": "record",
            "name": "Registration",
            "namespace": "credithub.catalogue.market",
            "fields": [*ENVELOPE, optional("data", data, "共享内容")],
        }
    )


def decimal(precision: int, scale: int) -> Schema:
    return {"type": "bytes", "logicalType": "decimal", "precision": precision, "scale": scale}


def rows(*columns: Schema) -> Schema:
    """Return an array of records."""
    return {"type": "array", "items": {"type": "record", "name": "Rows", "fields": list(columns)}}


def internal(*fields: Schema) -> Schema:
    return {
        "type": "record",
        "name": "Submission",
        "namespace": "credithub.internal",
        "fields": list(fields),
    }


NAME = optional("subject_name", "string", "企业名称")
CAPITAL = optional("registered_capital", MONEY, "注册资本")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (PATH, Level.FULL_TRANSITIVE),
        ("bank/market/Registration.avsc", Level.FULL_TRANSITIVE),
        ("bank/Indicators.avsc", Level.FULL_TRANSITIVE),
        (INTERNAL, Level.BACKWARD),
    ],
)
def test_the_level_follows_from_the_path(path: str, expected: Level) -> None:
    assert level(path) is expected


def test_a_schema_may_follow_itself_and_a_first_one_nothing() -> None:
    assert incompatibilities(PATH, event(NAME, CAPITAL), [event(NAME, CAPITAL)]) == []
    assert incompatibilities(PATH, event(NAME), []) == []


def test_a_nullable_field_may_come_and_go_and_move() -> None:
    assert incompatibilities(PATH, event(NAME, CAPITAL), [event(NAME)]) == []
    assert incompatibilities(PATH, event(NAME), [event(NAME, CAPITAL)]) == []
    assert incompatibilities(PATH, event(CAPITAL, NAME), [event(NAME, CAPITAL)]) == []


# The first three are what a registry lets pass.
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (decimal(24, 2), decimal(24, 4)),
        ({"type": "long", "logicalType": "timestamp-millis"}, TIMESTAMP),
        ("bytes", "string"),
        (decimal(24, 4), decimal(38, 4)),
        (decimal(24, 4), "bytes"),
        ({"type": "int", "logicalType": "date"}, "int"),
        ("string", "bytes"),
        ("int", "long"),
        ("long", "int"),
        ("string", "boolean"),
        (rows(optional("a", "string", "")), "string"),
        (rows(optional("a", "int", "")), rows(optional("a", "string", ""))),
    ],
    ids=str,
)
def test_another_type_may_not_follow(before: Any, after: Any) -> None:
    found = incompatibilities(PATH, event(NAME, optional("amount", after, "")), [event(optional("amount", before, ""))])
    assert found
    assert all(p.field.startswith("data.amount") and p.version == 1 and p.schema == PATH for p in found)


def test_the_field_inside_an_array_is_named() -> None:
    found = incompatibilities(
        PATH,
        event(optional("rows", rows(optional("paid", decimal(24, 4), "")), "")),
        [event(optional("rows", rows(optional("paid", decimal(24, 2), "")), ""))],
    )
    assert [p.field for p in found] == ["data.rows[].paid"]
    assert "decimal(24,2)" in found[0].message
    assert "decimal(24,4)" in found[0].message


def test_a_field_without_default_may_neither_come_nor_go() -> None:
    must = {"name": "must", "type": "string"}
    for new, old in ((event(NAME, must), event(NAME)), (event(NAME), event(NAME, must))):
        assert [p.field for p in incompatibilities(PATH, new, [old])] == ["data.must"]


def test_every_released_version_is_looked_at_not_the_last_alone() -> None:
    gone, back = event(NAME), event(NAME, optional("amount", "string", ""))
    found = incompatibilities(PATH, back, [event(NAME, optional("amount", "long", "")), gone])
    assert [(p.field, p.version) for p in found] == [("data.amount", 1)]


def _add(schema: Schema) -> None:
    schema["fields"].insert(1, optional("colour", "string", ""))


def _swap(schema: Schema) -> None:
    fields = schema["fields"]
    fields[0], fields[1] = fields[1], fields[0]


def _append(schema: Schema) -> None:
    schema["fields"].append(optional("colour", "string", ""))


@pytest.mark.parametrize("change", [_add, _swap, _append])
def test_the_envelope_is_fixed_although_avro_would_allow_it(change: Callable[[Schema], None]) -> None:
    new = event(NAME)
    change(new)
    assert any("envelope" in p.message for p in incompatibilities(PATH, new, [event(NAME)]))


def test_the_envelope_may_grow_at_its_end() -> None:
    first = event(NAME)
    del first["fields"][FIRST_ENVELOPE_FIELDS:-1]
    assert incompatibilities(PATH, event(NAME), [first]) == []
    # What was released has the new fields from then on.
    assert any("envelope" in p.message for p in incompatibilities(PATH, first, [event(NAME)]))


def test_internal_schemas_need_only_read_what_the_last_one_wrote() -> None:
    a, b = {"name": "a", "type": "int"}, {"name": "b", "type": "string"}
    wide = {"name": "a", "type": "long"}
    assert incompatibilities(INTERNAL, internal(wide), [internal(a, b)]) == []
    assert incompatibilities(INTERNAL, internal(a), [internal(wide), internal(a)]) == []
    assert [p.field for p in incompatibilities(INTERNAL, internal(a, b), [internal(a)])] == ["b"]
    assert [p.field for p in incompatibilities(INTERNAL, internal(a), [internal(wide)])] == ["a"]
    money = [{"name": "m", "type": decimal(24, scale)} for scale in (2, 4)]
    assert [p.field for p in incompatibilities(INTERNAL, internal(money[1]), [internal(money[0])])] == ["m"]


def test_maps_enums_and_fixed_are_compared() -> None:
    def one(kind: Any) -> Schema:
        return internal({"name": "x", "type": kind})

    def colours(*symbols: str) -> Schema:
        return {"type": "enum", "name": "Colour", "symbols": list(symbols)}

    assert incompatibilities(INTERNAL, one(colours("A", "B")), [one(colours("A"))]) == []
    assert incompatibilities(INTERNAL, one(colours("A")), [one(colours("A", "B"))])
    assert incompatibilities(
        INTERNAL,
        one({"type": "fixed", "name": "F", "size": 4}),
        [one({"type": "fixed", "name": "F", "size": 8})],
    )
    found = incompatibilities(INTERNAL, one({"type": "map", "values": "int"}), [one({"type": "map", "values": "long"})])
    assert [p.field for p in found] == ["x{}"]
