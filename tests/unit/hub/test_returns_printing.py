"""What recipients sent back is told in Chinese words."""

import pytest
from rich.console import Console

from hub.returns_printing import print_deletions, print_outcome_totals
from portal.words import DUTY_STATES, LOAN_OUTCOMES
from rules.outcomes.reported import LoanOutcomeKind
from rules.release.receipts import DutyState

DUTY = {
    "consent": "SQ-1", "recipient": "yinhe", "subject": "91630102MAX000015H", "ended_at": "2026-03-01T17:00:00Z",
    "state": "DUE", "due_by": "2026-04-01", "overdue": True, "law": "", "article": "", "retained_until": None,
}  # fmt: skip
KEPT = {
    **DUTY, "consent": "SQ-2", "state": "RETAINED", "overdue": False, "law": "反洗钱法", "article": "第三十四条",
    "retained_until": "2036-03-01",
}  # fmt: skip


@pytest.fixture
def console() -> Console:
    return Console(width=250, record=True)


def test_every_code_has_words() -> None:
    assert set(DUTY_STATES) == set(DutyState)
    assert set(LOAN_OUTCOMES) == set(LoanOutcomeKind)


def test_what_is_due_and_what_is_kept(console: Console) -> None:
    print_deletions(console, [DUTY, KEPT])
    shown = console.export_text()
    for words in (
        "2026-03-02",
        "待回执（已逾期）",
        "2026-04-01",
        "停用并依法留存",
        "反洗钱法第三十四条，至 2036-03-01",
    ):
        assert words in shown
    print_deletions(console, [])
    assert "没有须回执的授权" in console.export_text()


def test_totals_by_month_and_recipient(console: Console) -> None:
    one = {
        "recipient": "yinhe", "month": "2026-03", "counts": {"APPLIED": 2, "REJECTED": 1},
        "amounts_cny": {"APPLIED": "1500000.00"}, "first_loans": 3,
    }  # fmt: skip
    print_outcome_totals(console, [one])
    shown = console.export_text()
    for words in ("2026-03", "2 / 1,500,000.00元", "审批未通过", "首贷"):
        assert words in shown
    print_outcome_totals(console, [])
    assert "没有机构报送过结果" in console.export_text()
