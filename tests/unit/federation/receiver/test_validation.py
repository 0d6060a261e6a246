"""What the node takes and what it sends back, by the catalogue alone."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from catalogue.load import load_catalogue
from federation.protocol import UploadedRecord
from federation.receiver.validation import Validator

USCC = "91630100MA7540001T"
PERSON = "110101190001010014"  # made up: nobody born in 1900 is left to have it
NOW = datetime(2025, 6, 1, 8, tzinfo=UTC)
VALIDATOR = Validator(load_catalogue(), lambda: NOW)
PENALTY = {
    "subject_name": "青海虚构样例有限公司",
    "penalty_decision_number": "虚构罚字〔2025〕1号",
    "authority_name": "虚构机关",
    "decision_date": "2025-05-30",
}


def _record(item: str, data: dict[str, Any] | None, **more: Any) -> UploadedRecord:
    record = {
        "key": "k",
        "subject": USCC,
        "item": item,
        "record_key": "1",
        "change_sequence": 1,
        "op": "REPORT",
        "unit": "x",
        "region": "630102",
        "source_time": NOW,
        "data": data,
    }
    return UploadedRecord(**{**record, **more})


def _reasons(item: str, data: dict[str, Any] | None, **more: Any) -> list[str]:
    return VALIDATOR.reasons(_record(item, data, **more))


def test_a_sound_record_is_taken() -> None:
    assert _reasons("administration.penalty", PENALTY) == []
    assert _reasons("administration.penalty", None, op="WITHDRAW") == []


@dataclass(frozen=True)
class Case:
    """One fault, and what is said of it."""

    says: str
    item: str = "administration.penalty"
    data: Any = None
    more: Any = None


CASES = [
    Case("GB 32100", data=PENALTY, more={"subject": "91630100MA7540001Y"}),
    Case("GB 32100", data=PENALTY, more={"subject": "person:00ff"}),
    # A person's number, whose last digit is the check digit of a code as well.
    Case("GB 32100", data=PENALTY, more={"subject": "809999196005170494"}),
    Case("不在清单", item="administration.unknown", data=PENALTY),
    Case("自然人", item="housing_fund.co_borrower", data=PENALTY),
    Case("没有内容", data={}),
    Case("不应带有内容", data=PENALTY, more={"op": "WITHDRAW"}),
    Case("缺少“行政机关名称", data={k: v for k, v in PENALTY.items() if k != "authority_name"}),
    Case("晚于今天", data={**PENALTY, "decision_date": "2025-06-02"}),
    Case("不是日历上的日期", data={**PENALTY, "decision_date": "2025-02-30"}),
    Case("没有名为 zzz", data={**PENALTY, "zzz": "1"}),
    Case("应为文字", data={**PENALTY, "authority_name": 5}),
    Case("以文字写的数", data={**PENALTY, "fine_amount": 12.5}),
    Case("疑似含有公民身份号码", data={**PENALTY, "authority_name": f"虚构（{PERSON}）"}),
    Case("不得上传", item="market.registration", data={"subject_name": "x", "uscc": USCC, "legal_rep_id_number": "x"}),
    Case(
        "不得上传", item="market.registration", data={"subject_name": "x", "uscc": USCC, "legal_rep_id_number_hash": ""}
    ),
    Case("不得上传", item="tax.payment", data={"tax_amount": "1"}),
    Case("未公示", item="market.annual_report_basic", data={"employee_count": 7, "is_published": False}),
    Case("与主体不一致", item="market.registration", data={"subject_name": "x", "uscc": "91630100MA7540002X"}),
    Case("还没有开始", data=PENALTY, more={"period": "2026"}),
    Case("写法不对", data=PENALTY, more={"period": "2025年"}),
    Case("时区", data=PENALTY, more={"source_time": datetime(2025, 6, 1)}),  # noqa: DTZ001
]


@pytest.mark.attack(by="a node below", wants="personal or secret fields taken, or repeated in a refusal")
@pytest.mark.parametrize("case", CASES, ids=lambda c: c.says)
def test_a_fault_is_named_without_its_value(case: Case) -> None:
    found = _reasons(case.item, case.data, **(case.more or {}))
    assert any(case.says in reason for reason in found), found
    assert PERSON not in repr(found)


TAKE_EFFECT = {
    "other.high_tech": (
        "effective_date",
        {"uscc": USCC, "decision_document_number": "1", "authority_name": "虚构机关"},
    ),
    "customs.credit": ("credit_level_date", {"customs_registration_code": "1", "credit_level": "高级认证"}),
}


@pytest.mark.parametrize(("item", "field", "data"), [(i, f, d) for i, (f, d) in TAKE_EFFECT.items()], ids=TAKE_EFFECT)
def test_what_may_lie_ahead_later_is_taken(item: str, field: str, data: dict[str, Any]) -> None:
    assert _reasons(item, {"subject_name": "x", **data, field: "2025-07-01"}) == []
    assert "不是日历上的日期" in repr(_reasons(item, {"subject_name": "x", **data, field: "2025-02-30"}))


def test_what_may_lie_ahead_is_a_source_time() -> None:
    items = load_catalogue().items
    ahead = {item.id: f.name for item in items for f in item.fields if f.may_lie_ahead}
    assert ahead.keys() >= TAKE_EFFECT.keys()
    assert all(name in load_catalogue().item(item).source_time for item, name in ahead.items())


def test_every_reason_is_given() -> None:
    assert len(_reasons("administration.penalty", {"decision_date": "2026-01-01", "zzz": 1}, subject="x")) >= 5


def test_the_day_begins_in_shanghai() -> None:
    evening = Validator(load_catalogue(), lambda: datetime(2025, 5, 31, 17, tzinfo=UTC))
    record = _record("administration.penalty", {**PENALTY, "decision_date": "2025-06-01"})
    assert evening.reasons(record) == []
