"""Codes are checked against their lists: a code, its meaning, both, another word for it, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.load import load_catalogue
from catalogue.model import FieldType
from connectors.tables import Cell
from producers.tables.problems import ReasonCode, ValueProblem
from producers.tables.values import value_converter

REGISTRATION = load_catalogue().item("1")
STATUS, CURRENCY = REGISTRATION.field("registration_status"), REGISTRATION.field("capital_currency")
LISTED = [
    field for item in load_catalogue().items for field in item.fields if field.codes and field.type is FieldType.CODE
]


@pytest.mark.parametrize(
    ("cell", "value"),
    [("1", "1"), ("01", "1"), ("1.0", "1"), (1.0, "1"), ("存续", "存续"), ("1-存续", "1"), ("存续（1）", "1"),
     ("存续（在营、开业、在册）", "存续"), ("在营(开业)企业", "存续"), ("吊销，未注销", "吊销未注销"),
     (" 注 销 ", "注销"), ("nan", None)],
)  # fmt: skip
def test_what_the_list_means_is_taken(cell: Cell, value: str | None) -> None:
    assert value_converter(STATUS)(cell) == value


@pytest.mark.parametrize("cell", ["瞎写", "7", "吊销", "11", "存续2"])
def test_what_the_list_does_not_have_is_refused(cell: Cell) -> None:
    with pytest.raises(ValueProblem) as problem:
        value_converter(STATUS)(cell)
    assert problem.value.code is ReasonCode.CODE_UNKNOWN
    assert "存续" in problem.value.remedy
    assert str(cell) not in problem.value.message


@pytest.mark.parametrize(("cell", "value"), [("036", "036"), ("美金", "美元"), ("usd", "美元"), ("764", "764")])
def test_a_list_that_is_not_the_whole_one_takes_codes_of_its_form(cell: Cell, value: str) -> None:
    assert value_converter(CURRENCY)(cell) == value
    with pytest.raises(ValueProblem):
        value_converter(CURRENCY)("瞎写")


@given(st.sampled_from(LISTED), st.data())
def test_every_code_and_meaning_of_every_list_is_taken(field: object, data: st.DataObject) -> None:
    assert field in LISTED
    listed = next(other for other in LISTED if other == field)
    code, meaning = data.draw(st.sampled_from(sorted((listed.codes or {}).items())))
    convert = value_converter(listed)
    assert convert(code) == code
    assert convert(meaning) in (meaning, code)
