"""What a bank was told last, of messages in any order."""

from datetime import UTC, datetime, timedelta
from typing import Any

from queries.last_told import LastTold, newer

AT = datetime(2026, 1, 1, tzinfo=UTC)


def message(minutes: int, **more: Any) -> dict[str, Any]:
    return {"subject": "91630102MAX000015H", "sequence": minutes, "emitted_at": AT + timedelta(minutes=minutes), **more}


def test_the_newest_message_counts_whatever_the_order() -> None:
    first = newer(LastTold("yinhe"), message(2, item="tax.payment", op="WITHDRAW", record_key="k"))
    assert (first.bank, first.sequence, first.item, first.op) == ("yinhe", 2, "tax.payment", "WITHDRAW")
    assert newer(first, message(1, item="tax.payment", op="REPORT", record_key="k")) == first
    row = message(3, item="administration.penalty", op="REPORT")
    assert newer(first, row).as_json() == {
        "bank": "yinhe", "told_at": "2026-01-01T08:03:00+08:00", "subject": "91630102MAX000015H", "sequence": 3,
        "item": "administration.penalty", "op": "INDICATORS", "list_name": None,
    }  # fmt: skip
    scope = newer(first, message(4, items=[]))
    assert (scope.item, scope.op, scope.sequence) == (None, "SCOPE", 4)
    entered = newer(first, message(5, list="white", list_name="白名单", status="MEMBER"))
    assert (entered.item, entered.op, entered.list_name) == (None, "MEMBER", "白名单")


def test_a_bank_that_was_told_nothing_says_so() -> None:
    assert LastTold("yinhe").as_json()["told_at"] is None
