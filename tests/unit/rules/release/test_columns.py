"""Texts for tables, which have no columns for arrays: they say the same."""

import json
from datetime import date
from decimal import Decimal

import pytest

from rules.release.columns import codes_text, consents_text, scope_item, statuses_text, with_details_texts
from rules.release.entitlement import ItemStatus, ProvisionStatus
from rules.release.reasons import Withheld


def test_codes_are_by_field_and_nothing_withheld_is_nothing() -> None:
    assert codes_text([]) is None
    told = codes_text([Withheld("id_number", "PERSONAL", "个人信息"), Withheld("rows.amount", "INTERNAL", "内部")])
    assert told == '{"id_number":"PERSONAL","rows.amount":"INTERNAL"}'


def test_numbers_of_consents_are_a_list() -> None:
    assert consents_text(()) is None
    assert consents_text(("C-1", "C-2")) == '["C-1","C-2"]'


def test_details_are_told_beside_themselves() -> None:
    rows = [{"month": "2026-05", "amount": Decimal("120.5000"), "paid_on": date(2026, 6, 1), "raw_text": None}]
    told = with_details_texts({"account": "1", "rows": rows}, ["rows"])
    assert told["rows"] is rows
    (row,) = json.loads(told["rows_json"])
    assert row == {"month": "2026-05", "amount": "120.5000", "paid_on": "2026-06-01", "raw_text": None}
    assert with_details_texts({"account": "1", "rows": None}, ["rows"]) == {"account": "1", "rows": None}
    with pytest.raises(TypeError):
        with_details_texts({"rows": [{"x": object()}]}, ["rows"])


def test_a_scope_says_the_same_twice() -> None:
    items = [
        ItemStatus("tax.payment", ProvisionStatus.NONE, "NO_CONSENT", ()),
        ItemStatus("market.change", ProvisionStatus.AVAILABLE, "", ("C-1",)),
    ]
    assert json.loads(statuses_text(items)) == [scope_item(one) for one in items]
    assert scope_item(items[1])["code"] is None
