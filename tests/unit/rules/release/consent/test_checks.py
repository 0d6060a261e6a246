"""What is wrong with terms is told by the field, in Chinese, with what to do, and without the value."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from catalogue.load import load_catalogue
from rules.release.consent.checks import ACTOR, check_terms
from rules.release.consent.terms import Template
from tests.builders.consents import MOMENT, terms

CATALOGUE = load_catalogue()
TAX = next(item for item in CATALOGUE.items if item.id == "tax.payment").units
GOOD = replace(terms(), departments=tuple(sorted(TAX)))


def _fields(**changes: Any) -> list[str]:
    return [one.field for one in check_terms(replace(GOOD, **changes), CATALOGUE, {"yinhe", "qinghe"})]


def test_good_terms_are_taken() -> None:
    assert _fields() == []


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("number", {"number": "授权1"}),
        ("subject", {"subject": "91630100MA7540001A"}),
        ("recipient", {"recipient": "nobody"}),
        ("onward_sharing", {"onward_sharing": True}),
        ("items", {"items": ("no.item",)}),
        ("items", {"items": ("market.registration",)}),
        ("departments", {"departments": ("nobody",)}),
        ("departments", {"departments": ()}),
        ("end", {"end": MOMENT}),
        ("end", {"end": MOMENT + timedelta(days=1200)}),
        ("application", {"application": "张三的贷款"}),
        ("template_hash", {"template": Template("1", "abc")}),
        ("enterprise", {"enterprise": " "}),
        ("platform", {"platform": "平" * 121}),
        ("template_version", {"template": Template("\x1b[2J", "a" * 64)}),
    ],
)
def test_each_field_is_named(field: str, changes: dict[str, Any]) -> None:
    assert _fields(**changes) == [field]


@pytest.mark.parametrize("item", ["housing_fund.personal_guarantee", "housing_fund.co_borrower", "other.marriage"])
def test_an_enterprise_consents_to_nothing_about_persons(item: str) -> None:
    units = tuple(sorted(CATALOGUE.item(item).units))
    assert _fields(items=(item,), departments=units) == ["items"]


@pytest.mark.attack(by="an operator in a hurry", wants="persons in a topic that is kept for ever")
@pytest.mark.parametrize(
    "text", ["找王某 630102199003071411 办理", "电话13900001234", "139-0000-1234", "139 0000 1234"]
)
def test_no_text_holds_an_id_number_or_a_mobile(text: str) -> None:
    from stdnum.cn import ric

    number = "63010219900307141"
    text = text.replace("630102199003071411", number + ric.calc_check_digit(number + "0"))
    problems = check_terms(replace(GOOD, revocation_channel=text), CATALOGUE, {"yinhe"})
    assert [one.field for one in problems] == ["revocation_channel"]
    assert all(text not in one.text for one in problems)


def test_an_operator_is_an_id_and_no_name() -> None:
    assert ACTOR.fullmatch("xn-03.7_b")
    assert not ACTOR.fullmatch("王某")
    assert not ACTOR.fullmatch("a" * 33)
