"""Values are shown exactly, and what is personal not at all."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from catalogue.load import load_catalogue
from catalogue.model import Sensitivity
from catalogue.plain_values import SEALED, jsonable, number
from queries.targets import FieldTarget
from queries.values import clock, indicator_text, same_sealed, text_of, unit_of, value_of
from rules.indicators.definitions import load_indicators

CATALOGUE = load_catalogue()
INDICATORS = {i.id: i for i in load_indicators()}
PERSONAL = [FieldTarget(item, f) for item in CATALOGUE.items for f in item.fields if f.encrypted]


@pytest.mark.parametrize("target", PERSONAL, ids=lambda t: t.path)
def test_a_personal_field_is_sealed_whatever_its_value(target: FieldTarget) -> None:
    for value in (b"\x00\x00\x00\x01ciphertext", "in clear by mistake"):
        shown = value_of(target, {target.field.name: value, f"{target.field.name}_hash": "ab" * 16, "sealed": value})
        assert shown == SEALED


def test_a_personal_column_of_details_is_sealed() -> None:
    item = CATALOGUE.item("64")
    field = item.field("payment_details")
    months = [{"month": "2026-01", "usage": Decimal("3.500000"), "raw_text": b"closed"}]
    # Bytes are ciphertext even where the catalogue of today calls the column something else.
    assert value_of(FieldTarget(item, field), {field.name: months})[0]["raw_text"] == SEALED
    sub = next(s for s in field.details if s.name == "month")
    closed = replace(sub, sensitivity=Sensitivity.PERSONAL)
    outer = replace(field, details=(closed,))
    assert value_of(FieldTarget(item, outer, closed), {field.name: months}) == [SEALED]
    assert value_of(FieldTarget(item, field, sub), {field.name: months}) == ["2026-01"]


def test_sealed_values_are_compared_by_their_hashes_alone() -> None:
    item = CATALOGUE.item("3")
    mobile = FieldTarget(item, item.field("legal_rep_mobile"))
    first, second = {"legal_rep_mobile_hash": "aa"}, {"legal_rep_mobile_hash": "bb"}
    assert same_sealed(mobile, first, dict(first)) is True
    assert same_sealed(mobile, first, second) is False
    assert same_sealed(mobile, first, None) is None
    unlinked = next(t for t in PERSONAL if not t.field.linked)
    assert same_sealed(unlinked, {}, {}) is None


def test_values_are_exact_and_times_are_of_beijing() -> None:
    shown = jsonable(
        {"a": Decimal("100.0000"), "b": [date(2026, 1, 2), b"x"], "c": datetime(2026, 1, 1, 16, tzinfo=UTC)}
    )
    assert json.loads(json.dumps(shown)) == {"a": "100", "b": ["2026-01-02", SEALED], "c": "2026-01-02T00:00:00+08:00"}
    assert number(Decimal("0.000000")) == "0"
    assert number(Decimal("1E+3")) == "1000"
    assert number(Decimal("12345678901234567890.1200")) == "12345678901234567890.12"
    assert clock(datetime(2026, 1, 1, 16, tzinfo=UTC)) == "2026-01-02"
    assert clock(datetime(2026, 1, 1, 16, 0, 1, tzinfo=UTC)) == "2026-01-02 00:00:01"


def test_text_for_tables() -> None:
    item = CATALOGUE.item("3")
    kind = item.field("legal_rep_id_type")
    code, meaning = next(iter((kind.codes or {}).items()))
    assert text_of(kind, code) == f"{code} {meaning}"
    assert text_of(item.field("address"), None) == "–"
    assert text_of(item.field("address"), False) == "否"
    details = CATALOGUE.item("64").field("payment_details")
    assert (
        text_of(details, [{"month": "2026-01", "usage": "3.5", "amount_due": None}])
        == "月份 2026-01，用水量 3.5 立方米"
    )


@pytest.mark.parametrize(
    ("item", "field", "yuan", "shown"),
    [
        ("1", "registered_capital", "50000000", "5,000 万元"),
        ("1", "registered_capital", "12345.6789", "1.23456789 万元"),
        ("1", "registered_capital", "-10000", "-1 万元"),
        ("53", "fine_amount", "50000.5", "50,000.5 元"),
        ("53", "fine_amount", SEALED, SEALED),
    ],
)
def test_money_is_shown_in_the_unit_that_its_field_names(item: str, field: str, yuan: str, shown: str) -> None:
    kind = CATALOGUE.item(item).field(field)
    assert text_of(kind, yuan) == shown
    # JSON carries what is kept, and says so.
    assert unit_of(kind) == "元"
    assert unit_of(CATALOGUE.item("64").field("payment_details")) == ""


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("fines_36m", "1234567.500000", "1,234,567.5 元"),
        ("fines_36m", "-0.5", "-0.5 元"),
        ("fines_36m", "-1234.5", "-1,234.5 元"),
        ("penalties_12m", "0.000000", "0 次"),
        ("last_change_day", "20260102.000000", "2026-01-02"),
    ],
)
def test_indicators_for_tables(name: str, value: str, shown: str) -> None:
    assert indicator_text(INDICATORS[name], Decimal(value)) == shown
    assert indicator_text(INDICATORS[name], None) == "–"


def test_an_indicator_that_is_defined_no_more_is_shown_without_a_unit() -> None:
    assert indicator_text(None, Decimal("3.000000")) == "3"
