"""Both sides of what a bank is told come to one hash, and no part of a message can change without changing it."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from catalogue.load import load_catalogue
from catalogue.times import micros
from proofs.reconcile.bank_content import addressed, of_indicators, of_record, told_of_record
from rules.release.projection import Projected
from rules.release.reasons import WithdrawalReason, Withheld
from rules.release.visible import VisibleChange
from tests.builders.events import MOMENT

ITEM = load_catalogue().item("tax.arrears")
NAME = "西宁样例商贸有限公司"
VISIBLE = VisibleChange(
    {"item": ITEM.id, "record_key": "k", "source_time": micros(MOMENT), "unit": "tax"},
    ITEM,
    None,
    Projected({"a": "1", "b": None, "rows": [{"n": Decimal("1.50"), "m": None}]}, [Withheld("c", "PERSONAL", "why")]),
)
TOLD: dict[str, Any] = {
    "subject_name": NAME,
    "item": ITEM.id,
    "record_key": "k",
    "op": "REPORT",
    "source_time": MOMENT,
    "unit": "tax",
    "reason": None,
    "policy": 3,
    "withheld": [{"field": "c", "reason": "why", "code": "PERSONAL"}],
    # As the bank's schema has it: all its fields, in its own order.
    "data": {"rows": [{"m": None, "n": Decimal("1.50")}], "b": None, "z": None, "a": "1"},
}


def due(visible: VisibleChange) -> int:
    """Return the hash of what the bank must be told, by its handle and the labels of `TOLD`."""
    return addressed(of_record(NAME, visible), "k", 3)


def test_what_is_due_and_what_was_told_are_the_same() -> None:
    assert due(VISIBLE) == told_of_record(TOLD)


def test_why_a_record_is_withdrawn_is_compared() -> None:
    message = {**TOLD, "op": "WITHDRAW", "withheld": [], "data": None}
    by_reason = {
        reason: due(VISIBLE._replace(before=VISIBLE.after, after=None, reason=reason)) for reason in WithdrawalReason
    }
    assert by_reason == {reason: told_of_record({**message, "reason": reason}) for reason in WithdrawalReason}
    assert len(set(by_reason.values())) == len(by_reason)


@pytest.mark.parametrize(
    "other",
    [
        {"subject_name": None},
        {"item": "tax.payment"},
        {"record_key": "k2"},
        {"op": "WITHDRAW"},
        {"source_time": MOMENT + timedelta(microseconds=1)},
        {"unit": "market"},
        {"reason": "SOURCE"},
        {"policy": 4},
        {"withheld": []},
        {"data": None},
        {"data": {**TOLD["data"], "a": "2"}},
        {"data": {**TOLD["data"], "z": "1"}},
        {"data": {**TOLD["data"], "rows": [{"m": None, "n": Decimal("1.51")}]}},
        {"data": {**TOLD["data"], "rows": TOLD["data"]["rows"] * 2}},
    ],
    ids=str,
)
def test_another_word_is_another_hash(other: dict[str, Any]) -> None:
    assert told_of_record({**TOLD, **other}) != due(VISIBLE)


def test_a_reason_for_withholding_counts() -> None:
    after = VISIBLE.after
    assert after is not None
    silent = VISIBLE._replace(after=replace(after, withheld=[]))
    assert due(silent) != due(VISIBLE)


def test_an_indicator_that_cannot_be_computed_is_not_nought() -> None:
    assert of_indicators(NAME, 1, {"a": None}) != of_indicators(NAME, 1, {"a": b"\x00"})
    assert of_indicators(NAME, 1, {"a": b"\x01", "b": None}) == of_indicators(NAME, 1, {"b": None, "a": b"\x01"})
    assert of_indicators(NAME, 1, {"a": b"\x01"}) != of_indicators(NAME, 2, {"a": b"\x01"})
