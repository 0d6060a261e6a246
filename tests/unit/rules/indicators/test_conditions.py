"""Conditions on a record's fields."""

from decimal import Decimal
from typing import Any

import pytest

from catalogue.load import load_catalogue
from rules.indicators.conditions import RowCondition

FIELDS = load_catalogue().item("administration.penalty").fields


@pytest.mark.parametrize(
    ("text", "data", "holds"),
    [
        ("penalty_type == '罚款'", {"penalty_type": "罚款"}, True),
        ("penalty_type != '罚款'", {"penalty_type": "警告"}, True),
        ("penalty_type != '罚款'", {"penalty_type": None}, False),
        ("penalty_type in ('罚款', '警告')", {"penalty_type": "警告"}, True),
        ("penalty_type not in ('罚款', '警告')", {"penalty_type": "警告"}, False),
        ("fine_amount >= 1000", {"fine_amount": Decimal("1000.00")}, True),
        ("fine_amount > 1000.5", {"fine_amount": Decimal("1000.5")}, False),
        ("fine_amount < 5", {}, False),
        ("fine_amount == 10000", {"fine_amount": Decimal("10000.0000")}, True),
        ("fine_amount != 0", {"fine_amount": Decimal("0.0000")}, False),
        ("fine_amount in (10000, 5)", {"fine_amount": Decimal("5.0000")}, True),
        ("filled(repair_date)", {"repair_date": None}, False),
        ("not filled(repair_date) and fine_amount > 1", {"fine_amount": Decimal(2)}, True),
        ("fine_amount > 9 or penalty_type == '警告'", {"fine_amount": Decimal(2), "penalty_type": "警告"}, True),
    ],
)
def test_a_condition_holds_or_not(text: str, data: dict[str, Any], holds: bool) -> None:
    assert RowCondition(text, FIELDS).holds(data) is holds


def test_it_names_the_fields_that_it_reads() -> None:
    assert RowCondition("fine_amount > 1 and filled(remark)", FIELDS).reads == {"fine_amount", "remark"}


def test_codes_are_known_by_their_meaning_and_booleans_by_their_words() -> None:
    fields = load_catalogue().item("judicial.enforcement").fields
    assert RowCondition("is_published == '是'", fields).holds({"is_published": True})
    assert not RowCondition("is_published in ('true', '是')", fields).holds({"is_published": False})
    sexed = next(one for item in load_catalogue().items for one in item.fields if one.codes and not item.about_persons)
    code, meaning = next(iter(sexed.codes.items()))  # type: ignore[union-attr]
    assert RowCondition(f"{sexed.name} == {meaning!r}", [sexed]).holds({sexed.name: code})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("penalty_type > 3", "is no number"),
        ("nothing == 1", "there is no field nothing"),
        ("fine_amount", "is no condition"),
        ("fine_amount + 1 > 2", "is no field"),
        ("fine_amount is None", "no list of these"),
        ("penalty_type in {'罚款'}", "no list of these"),
        ("penalty_type == remark", "is no text and no number"),
        ("filled(fine_amount, remark)", "takes one field"),
        ("fine_amount >", "is no condition"),
    ],
)
def test_what_is_no_condition_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        RowCondition(text, FIELDS)


def test_each_of_several_words_is_found() -> None:
    condition = RowCondition('has(penalty_type, "罚款", "警告")', FIELDS)
    assert condition.reads == {"penalty_type"}
    for said in ("警告；没收违法所得", "罚款", "没收违法所得、03"):
        assert condition.holds({"penalty_type": said})
    for other in (None, "", "没收违法所得", "不予罚款"):
        assert not condition.holds({"penalty_type": other})
    with pytest.raises(ValueError, match="takes a field and words"):
        RowCondition("has(penalty_type)", FIELDS)


def test_a_code_is_what_it_means() -> None:
    fields = load_catalogue().item("evaluation.tax_grade").fields
    for text in ('grade == "A"', 'grade == "A级"'):
        assert RowCondition(text, fields).holds({"grade": "A"})
        assert RowCondition(text, fields).holds({"grade": "A级"})
        assert not RowCondition(text, fields).holds({"grade": "B级"})
