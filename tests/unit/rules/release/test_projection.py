"""Nothing that needs consent, and nothing personal, leaves by a projection."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.avro import bank_schema
from catalogue.load import load_catalogue
from catalogue.model import Field, FieldType, Item, Sensitivity
from rules.release.plan import release_plans
from rules.release.projection import Projected, Projection
from rules.release.reasons import WithheldCode

CATALOGUE = load_catalogue()
PROJECTIONS = {item.id: Projection(item) for item in CATALOGUE.items}
_SECRET = "SECRET-"
_FLAGS = st.sampled_from(["是", "否", "true", "false", "A", "B", True, False, None, ""])


def project(item: Item, data: dict[str, Any]) -> Projected | None:
    return PROJECTIONS[item.id].project(data)


def _secret(item: Item, field: Field, row: dict[str, Any]) -> bool:
    """Say, independently of the rule, whether a field's value may not be released."""
    if field.encrypted or field.audience != "all":
        return True
    if field.sensitivity is Sensitivity.PUBLIC:
        return False
    return not field.public_when or any(
        str(row.get(c.field)).casefold() not in {v.casefold() for v in c.values}
        and not (row.get(c.field) is True and "是" in c.values)
        for c in field.public_when
    )


def _row(item: Item, flags: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for field in item.fields:
        if field.type is FieldType.DETAILS:
            row[field.name] = [{sub.name: f"{_SECRET}{field.name}.{sub.name}" for sub in field.details}]
        else:
            row[field.name] = f"{_SECRET}{field.name}".encode() if field.encrypted else f"{_SECRET}{field.name}"
        if field.linked:
            row[f"{field.name}_hash"] = f"{_SECRET}{field.name}_hash"
    return {**row, **flags}


@pytest.mark.attack(by="a bank", wants="a commercial secret or a person's data in what it is told")
@given(item=st.sampled_from(CATALOGUE.items), data=st.data())
def test_no_secret_is_ever_visible(item: Item, data: st.DataObject) -> None:
    conditions = sorted({c.field for f in item.fields for c in f.public_when})
    row = _row(item, {name: data.draw(_FLAGS, name) for name in conditions})
    projected = project(item, row)
    if item.about_persons:
        assert projected is None
    if projected is None:
        return
    secret = {f.name for f in item.fields if _secret(item, f, row)}
    assert not secret & projected.visible.keys()
    assert secret <= {withheld.field for withheld in projected.withheld}
    released = repr(projected.visible)
    assert "_hash" not in released
    for name in secret:
        assert f"{_SECRET}{name}'" not in released
    for field in (f for f in item.fields if f.type is FieldType.DETAILS):
        for sub in (s for s in field.details if _secret(item, s, row)):
            assert f"{_SECRET}{field.name}.{sub.name}'" not in released


@pytest.mark.parametrize("item", CATALOGUE.items, ids=lambda i: i.id)
def test_what_is_visible_has_a_place_in_the_banks_schema(item: Item) -> None:
    flags = {c.field: c.values[0] for f in item.fields for c in f.public_when}
    projected = project(item, _row(item, flags))
    if projected is None:
        return
    schema = bank_schema(item)
    assert schema is not None
    (data,) = (field for field in schema["fields"] if field["name"] == "data")
    columns = {f["name"] for f in data["type"][1]["fields"]}
    assert projected.visible.keys() <= columns


@pytest.mark.parametrize("flag", [True, "是", "true", "True"])
def test_a_published_case_is_visible(flag: object) -> None:
    item = CATALOGUE.item("41")
    projected = project(item, {"uscc": "91630100MA7540001X", "case_number": "（2025）青1号", "is_published": flag})
    assert projected is not None
    assert projected.visible["case_number"] == "（2025）青1号"


@pytest.mark.attack(by="a bank", wants="to learn that there is a case which is not published")
@pytest.mark.parametrize("flag", [False, "否", "false", "", None])
def test_an_unpublished_case_is_not_betrayed(flag: object) -> None:
    item = CATALOGUE.item("41")
    assert project(item, {"uscc": "91630100MA7540001X", "case_number": "（2025）青1号", "is_published": flag}) is None


@pytest.mark.parametrize("seq", ["7", "10", "16", "25", "47", "48", "64", "68"])
def test_a_commercial_secret_is_not_betrayed(seq: str) -> None:
    item = CATALOGUE.item(seq)
    flags = {c.field: False for f in item.fields for c in f.public_when}
    assert project(item, _row(item, flags)) is None


def test_reasons_are_chinese_and_carry_their_ground_and_a_code() -> None:
    item = CATALOGUE.item("market.annual_report_basic")
    projected = project(item, {"employee_count": 12, "is_published": False, "report_date": date(2025, 6, 1)})
    assert projected is not None
    assert "employee_count" not in projected.visible
    withheld = {one.field: one for one in projected.withheld}["employee_count"]
    assert "企业信息公示暂行条例" in withheld.reason
    assert withheld.code == "UNPUBLISHED"


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("PERSONAL", "个人信息，未经本人单独同意不提供（"),
        ("INTERNAL", "内部信息，不对外提供（"),
        ("UNPUBLISHED", "本条信息未公示，须经企业授权后提供（"),
        ("COMMERCIAL_SECRET", "商业秘密，须经企业授权后提供（"),
    ],
)
def test_a_code_has_one_text_and_a_text_one_code(code: str, text: str) -> None:
    found = [
        one
        for item in CATALOGUE.items
        for flag in (False, True)
        if (projected := project(item, _row(item, {c.field: flag for f in item.fields for c in f.public_when})))
        for one in projected.withheld
    ]
    assert {one.code for one in found if one.reason.startswith(text)} <= {code}
    assert all(one.reason.startswith(text) for one in found if one.code == code)
    assert {one.code for one in found} <= set(WithheldCode)


def test_values_keep_their_types() -> None:
    item = CATALOGUE.item("market.registration")
    moment = datetime(2025, 1, 2, tzinfo=UTC)
    projected = project(item, {"registered_capital": Decimal("1000.0000"), "data_timestamp": moment})
    assert projected is not None
    assert projected.visible["registered_capital"] == Decimal("1000.0000")


def test_an_unknown_kind_of_recipient_is_refused() -> None:
    with pytest.raises(ValueError, match="newspaper"):
        release_plans(CATALOGUE.items, "newspaper")
