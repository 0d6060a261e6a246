"""What a recipient reports of an application for which an enterprise consented: what each kind says, and must not."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from catalogue.times import business_date
from rules.release.consent.checks import Problem
from rules.release.consent.lifecycle import ActReason, Consent

# An enterprise may apply first and sign later.
_APPLIED_BEFORE = timedelta(days=366)
_MOST_CNY, _MOST_PERCENT = Decimal(10) ** 12, Decimal(36)
_AMOUNT, _RATE = re.compile(r"[0-9]{1,13}(\.[0-9]{1,2})?"), re.compile(r"[0-9]{1,2}(\.[0-9]{1,4})?")


class LoanOutcomeKind(StrEnum):
    """What happened to an application, or to what was granted."""

    APPLIED = "APPLIED"  # 申请
    APPROVED = "APPROVED"  # 审批通过
    REJECTED = "REJECTED"  # 审批未通过
    DISBURSED = "DISBURSED"  # 发放
    SETTLED = "SETTLED"  # 结清
    OVERDUE_30 = "OVERDUE_30"  # 逾期30天以上
    OVERDUE_60 = "OVERDUE_60"
    OVERDUE_90 = "OVERDUE_90"


class _Says(NamedTuple):
    amount: bool = False
    rate: bool = False
    first_loan: bool = False


_SAYS: Mapping[LoanOutcomeKind, _Says] = {
    LoanOutcomeKind.APPLIED: _Says(amount=True),
    LoanOutcomeKind.APPROVED: _Says(amount=True, rate=True),
    LoanOutcomeKind.REJECTED: _Says(),
    LoanOutcomeKind.DISBURSED: _Says(amount=True, rate=True, first_loan=True),
    LoanOutcomeKind.SETTLED: _Says(),
    LoanOutcomeKind.OVERDUE_30: _Says(amount=True),
    LoanOutcomeKind.OVERDUE_60: _Says(amount=True),
    LoanOutcomeKind.OVERDUE_90: _Says(amount=True),
}
"""What must be said with each kind; nothing else may be."""
ENDINGS: Mapping[LoanOutcomeKind, ActReason] = {
    LoanOutcomeKind.SETTLED: ActReason.LOAN_SETTLED,
    LoanOutcomeKind.REJECTED: ActReason.NOT_GRANTED,
}
"""What ends the use of what was consented to for the application, and why."""


@dataclass(frozen=True, slots=True)
class ReportedOutcome:
    """One outcome. Amounts in yuan; ``rate_percent``: a year, 3.45 is 3.45 %."""

    kind: LoanOutcomeKind
    day: date
    amount_cny: Decimal | None = None
    rate_percent: Decimal | None = None
    is_first_loan: bool | None = None
    """首贷: whether the enterprise never had a loan before."""


class OutcomeText(NamedTuple):
    """An outcome as it was sent: texts of its numbers, so that no digit is lost; None: not said."""

    subject: str
    application: str
    kind: LoanOutcomeKind
    day: date
    amount: str | None
    rate: str | None
    is_first_loan: bool | None


def check_outcome(sent: OutcomeText, consent: Consent, today: date) -> Iterator[Problem]:
    """Yield what is wrong with an outcome that is said to be of the application of a consent."""
    terms, says = consent.terms, _SAYS[sent.kind]
    if sent.subject != terms.subject:
        yield Problem("subject", "统一社会信用代码不是该授权书的企业；请核对")
    if sent.application != terms.application:
        yield Problem("application", "贷款申请编号与授权书不符；请核对")
    if consent.signed_at is None:
        yield Problem("consent", "该授权尚未签署，不能据以报送")
    elif not business_date(min(terms.start, consent.signed_at)) - _APPLIED_BEFORE <= sent.day <= today:
        yield Problem("day", "发生日期不能晚于今天，也不能早于授权之前一年；请核对")
    yield from _number(
        "amount", "金额", sent.amount, says.amount, _AMOUNT, _MOST_CNY, "元，至多两位小数，例如“500000.00”"
    )
    yield from _number("rate", "年利率", sent.rate, says.rate, _RATE, _MOST_PERCENT, "百分数，至多四位小数，例如“3.45”")
    if (sent.is_first_loan is not None) != says.first_loan:
        what = "须填" if says.first_loan else "不填"
        yield Problem("first_loan", f"“是否首贷”在{sent.kind}时{what}")


def outcome_of(sent: OutcomeText) -> ReportedOutcome:
    """Return an outcome in which ``check_outcome`` found nothing wrong."""
    amount, rate = (None if text is None else Decimal(text) for text in (sent.amount, sent.rate))
    return ReportedOutcome(sent.kind, sent.day, amount, rate, sent.is_first_loan)


def _number(
    field: str, name: str, text: str | None, is_said: bool, form: re.Pattern[str], most: Decimal, how: str
) -> Iterator[Problem]:
    if not is_said:
        if text is not None:
            yield Problem(field, f"“{name}”在这一种类时不填；请删去")
    elif text is None:
        yield Problem(field, f"缺少“{name}”；请填{how}")
    elif not form.fullmatch(text) or not 0 <= Decimal(text) <= most or (field == "amount" and not Decimal(text)):
        yield Problem(field, f"“{name}”不正确；应为{how}，以文字表示")
