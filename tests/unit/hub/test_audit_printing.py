"""Whatever the audit says has Chinese words."""

from datetime import UTC, datetime

import pytest
from rich.console import Console

from catalogue.load import load_catalogue
from hub.audit_printing import KINDS, WITHDRAWALS, print_disclosures, print_report
from portal.words import ACTOR_KINDS, AUDIT_ACTS
from proofs.audit.faults import ChainFault, FaultKind
from proofs.audit.verification import ChainReport
from queries.disclosures import AskedAct, Disclosures, ReleasedItem
from rules.audit.entry import ActorKind, AuditAct
from rules.release.reasons import WithdrawalReason
from tests.builders.consents import SUBJECT

AT = datetime(2026, 3, 2, 1, tzinfo=UTC)


@pytest.fixture
def console() -> Console:
    return Console(width=200, record=True)


def test_every_code_has_words() -> None:
    assert set(AUDIT_ACTS) == set(AuditAct)
    assert set(ACTOR_KINDS) == set(ActorKind)
    assert set(KINDS) == set(FaultKind)
    assert set(WITHDRAWALS) == set(WithdrawalReason)


def test_who_saw_what_and_why(console: Console) -> None:
    told = (
        ReleasedItem("yinhe", "tax.payment", "REPORT", "", ("SQ-1",), 2, AT, AT),
        ReleasedItem("yinhe", "tax.payment", "WITHDRAW", "CONSENT_REVOKED", (), 1, AT, AT),
    )
    asked = AskedAct("RECIPIENT", "yinhe", "SCOPE_SHOW", "LOAN_APPLICATION", ("SQ-1",), "NO_CONSENT", 1, AT, AT)
    found = Disclosures(SUBJECT, told, (asked,))
    print_disclosures(console, found, load_catalogue())
    shown = console.export_text()
    for words in (
        "纳税信息",
        "撤回（授权已撤回）",
        "SQ-1",
        "公开信息",
        "机构 yinhe",
        "贷款",
        "拒绝：没有授权",
        "09:00:00",
    ):
        assert words in shown
    print_disclosures(console, Disclosures(SUBJECT, (), ()), load_catalogue())
    assert "没有查询或办理过" in console.export_text()


def test_a_report_names_the_first_fault(console: Console) -> None:
    print_report(console, ChainReport(6, 9, 14, 2, AT, 0, ()))
    assert "完整" in console.export_text()
    fault = ChainFault(FaultKind.MISSING, "audit.v1/0@3", "entry 4 missing before entry 5")
    print_report(console, ChainReport(6, 9, 14, 0, None, 1, (fault,)))
    shown = console.export_text()
    assert "缺失  audit.v1/0@3" in shown
    assert "没有锚点" in shown
