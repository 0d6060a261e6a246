"""What each event of a bank's topic changes, as far as it was watched."""

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from rich.console import Console

from catalogue.load import load_catalogue
from hub.printing import print_event
from queries.tail import BankEvent, RecordMemory
from rules.indicators.definitions import load_indicators

SUBJECT = "91630102MAX000015H"


def event(sequence: int, data: dict[str, Any] | None, key: str = "1", subject: str = SUBJECT) -> dict[str, Any]:
    return {
        "subject": subject, "subject_name": "青海虚构样例有限公司", "sequence": sequence,
        "op": "REPORT" if data is not None else "WITHDRAW", "item": "market.legal_person", "record_key": key,
        "source_time": datetime(2026, 1, 1, tzinfo=UTC), "unit": "market_regulation",
        "emitted_at": datetime(2026, 1, 1, 16, tzinfo=UTC), "data": data,
        "withheld_codes": '{"legal_rep_mobile":"PERSONAL"}', "reason": None,
    }  # fmt: skip


def indicators(values: dict[str, Decimal | None]) -> dict[str, Any]:
    return {
        "subject": SUBJECT, "subject_name": None, "sequence": 9, "as_of": datetime(2026, 1, 1, tzinfo=UTC).date(),
        "emitted_at": datetime(2026, 1, 1, 16, tzinfo=UTC), "op": "REPORT", "item": "administration.penalty",
        "reason": None, "policy": 1, **values,
    }  # fmt: skip


def scope(sequence: int, **statuses: tuple[str, str | None]) -> dict[str, Any]:
    items: list[dict[str, Any]] = [
        {"item": name.replace("__", "."), "status": status, "code": code, "consents": []}
        for name, (status, code) in statuses.items()
    ]
    return {
        "subject": SUBJECT, "subject_name": None, "sequence": sequence,
        "emitted_at": datetime(2026, 1, 1, 16, tzinfo=UTC), "items": items,
    }  # fmt: skip


def line(told: BankEvent) -> str:
    out = io.StringIO()
    print_event(Console(file=out, width=60), told, load_catalogue(), {i.id: i for i in load_indicators()})
    return out.getvalue()


def test_the_first_event_of_a_record_tells_what_is_filled() -> None:
    told = RecordMemory().take(event(1, {"uscc": SUBJECT, "address": "东川路1号", "postal_code": None}))
    assert told.first
    assert told.changed == {"uscc": (None, SUBJECT), "address": (None, "东川路1号")}
    assert told.withheld == ("legal_rep_mobile",)
    shown = line(told)
    assert shown == f"2026-01-02 00:00:00  {SUBJECT}  #1    REPORT     3 企业法人信息: 住所 东川路1号\n"


def test_a_later_event_tells_what_changed() -> None:
    memory = RecordMemory()
    memory.take(event(1, {"address": "东川路1号", "postal_code": "810000"}))
    memory.take(event(2, {"address": "别处"}, key="2"))
    told = memory.take(event(3, {"address": "东川路2号", "postal_code": "810000"}))
    assert not told.first
    assert told.changed == {"address": ("东川路1号", "东川路2号")}
    assert "住所 东川路1号 → 东川路2号" in line(told)
    assert "no visible field changed" in line(memory.take(event(4, {"address": "东川路2号", "postal_code": "810000"})))


def test_a_withdrawn_record_begins_anew() -> None:
    memory = RecordMemory()
    memory.take(event(1, {"address": "东川路1号"}))
    gone = memory.take(event(2, None))
    assert (gone.op, gone.changed) == ("WITHDRAW", {"address": ("东川路1号", None)})
    assert "no longer counts" in line(gone)
    assert memory.take(event(3, {"address": "东川路1号"})).first


def test_what_was_not_seen_for_long_is_forgotten() -> None:
    memory = RecordMemory(most=2)
    for key in ("1", "2", "1", "3"):
        memory.take(event(1, {"address": "东川路1号"}, key=key))
    assert not memory.take(event(2, {"address": "东川路1号"}, key="1")).first
    assert memory.take(event(2, {"address": "东川路1号"}, key="2")).first


def test_indicators_are_told_by_their_names() -> None:
    memory = RecordMemory()
    told = memory.take(indicators({"penalties_12m": Decimal("2.000000"), "fines_36m": None}))
    assert (told.item, told.op, told.first) == ("administration.penalty", "INDICATORS", True)
    assert line(told).endswith("53 行政处罚信息 指标: 近12个月行政处罚次数 2 次\n")
    moved = memory.take(indicators({"penalties_12m": Decimal("2.000000"), "fines_36m": Decimal(5)}))
    assert moved.changed == {"fines_36m": (None, Decimal(5))}
    assert line(moved).endswith("53 行政处罚信息 指标: 近36个月罚款金额 – → 5 元\n")


def test_an_entry_of_a_list_is_told_by_its_name() -> None:
    value = {
        "subject": SUBJECT, "subject_name": None, "sequence": 10, "list": "white", "list_name": "白名单",
        "kind": "merit", "status": "MEMBER", "reason": None, "since": date(2026, 1, 1), "as_of": date(2026, 1, 1),
        "definition_hash": "d" * 64, "emitted_at": datetime(2026, 1, 1, 16, tzinfo=UTC), "policy": 1,
    }  # fmt: skip
    told = RecordMemory().take(value)
    assert (told.item, told.op, told.list, told.as_json()["list_name"]) == (None, "MEMBER", "white", "白名单")
    assert line(told).endswith("MEMBER     白名单: since 2026-01-01\n")
    withdrawn = value | {"status": "OUT", "reason": "LABEL_CHANGED", "since": None, "as_of": None}
    assert line(RecordMemory().take(withdrawn)).endswith("OUT        白名单: it may not be told any more\n")


def test_a_line_break_in_a_value_does_not_break_the_line() -> None:
    assert line(RecordMemory().take(event(1, {"address": "东川路\n1号"}))).count("\n") == 1


def test_what_is_told_at_all_is_counted_and_later_named_where_it_changes() -> None:
    memory = RecordMemory()
    closed = {"tax__payment": ("NONE", "NO_CONSENT"), "tobacco__order": ("NONE", "NO_CONSENT")}
    told = memory.take(scope(1, market__legal_person=("PARTIAL", "NO_CONSENT"), **closed))
    assert (told.op, told.item, told.first) == ("SCOPE", None, True)
    assert told.changed["tax.payment"] == (None, "NONE NO_CONSENT")
    assert (
        line(told)
        == f"2026-01-02 00:00:00  {SUBJECT}  #1    SCOPE      提供范围: 2 NONE NO_CONSENT; 1 PARTIAL NO_CONSENT\n"
    )
    opened = closed | {"tax__payment": ("AVAILABLE", None)}
    told = memory.take(scope(2, market__legal_person=("PARTIAL", "NO_CONSENT"), **opened))
    assert told.changed == {"tax.payment": ("NONE NO_CONSENT", "AVAILABLE")}
    item = load_catalogue().item("tax.payment")
    assert f"提供范围: {item.seq} {item.zh} NONE NO_CONSENT → AVAILABLE" in line(told)
    assert "as before" in line(memory.take(scope(3, market__legal_person=("PARTIAL", "NO_CONSENT"), **opened)))
