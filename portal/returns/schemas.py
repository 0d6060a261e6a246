"""What goes over the wire when a recipient sends something back, or somebody asks what is due."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from portal.returns.desk import SentOutcome, SentReceipt, Taken
from rules.outcomes.reported import LoanOutcomeKind, OutcomeText
from rules.outcomes.totals import MonthTotals
from rules.release.consent.terms import Disposal
from rules.release.receipts import DeletionDuty, DeletionReceipt, DutyState, ReceiptKind

MOST_ENTRIES = 200
"""In one batch; by their sizes they fit into what the portal reads of a request."""
_BatchNumber = Annotated[
    str,
    Field(
        pattern="^[A-Za-z0-9._-]{1,40}$", description="批次号：贵机构自编，不重复；同一批重报不会重复收取",
        examples=["20260302-01"],
    ),
]  # fmt: skip
_ConsentNumber = Annotated[str, Field(max_length=40, description="授权书编号", examples=["SQ20260302-ABCDEFGHJK"])]


class _Sent(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class ReceiptBody(_Sent):
    """A receipt for one consent."""

    consent: _ConsentNumber
    kind: ReceiptKind = Field(description="DELETED 已删除；RETAINED 已停止使用并依法留存（授权书须约定依法留存）")
    on: date = Field(description="删除或停止使用的日期", examples=["2026-03-20"])
    law: str = Field("", max_length=60, description="留存依据的法律法规名称", examples=["反洗钱法"])
    article: str = Field("", max_length=20, description="条款", examples=["第三十四条"])
    retained_until: date | None = Field(None, description="留存的最后一日；此后仍须删除并回执")

    def sent(self) -> SentReceipt:
        """Return what was sent."""
        return SentReceipt(
            self.consent, DeletionReceipt(self.kind, self.on, self.law, self.article, self.retained_until)
        )


class ReceiptsBody(_Sent):
    """A batch of receipts."""

    batch: _BatchNumber
    receipts: list[ReceiptBody] = Field(min_length=1, max_length=MOST_ENTRIES)


class OutcomeBody(_Sent):
    """What became of the application for which an enterprise consented."""

    consent: _ConsentNumber
    subject: str = Field(max_length=40, description="统一社会信用代码", examples=["91630102MA0000001A"])
    application: str = Field(max_length=40, description="贷款申请编号，同授权书", examples=["DK-2026-000123"])
    kind: LoanOutcomeKind = Field(
        description="APPLIED 申请，APPROVED 审批通过，REJECTED 审批未通过，DISBURSED 发放，SETTLED 结清，"
        "OVERDUE_30、OVERDUE_60、OVERDUE_90 逾期超过相应天数；REJECTED 和 SETTLED 同时终止该授权"
    )
    day: date = Field(description="发生日期", examples=["2026-03-20"])
    amount: str | None = Field(
        None,
        max_length=20,
        description="金额（元，十进制数，以文字表示）：申请、批准、发放或逾期的金额",
        examples=["500000.00"],
    )
    rate: str | None = Field(None, max_length=10, description="年利率（%）：批准和发放时填写", examples=["3.45"])
    first_loan: bool | None = Field(None, description="是否首贷：发放时填写")

    def sent(self) -> SentOutcome:
        """Return what was sent."""
        text = OutcomeText(self.subject, self.application, self.kind, self.day, self.amount, self.rate, self.first_loan)
        return SentOutcome(self.consent, text)


class OutcomesBody(_Sent):
    """A batch of outcomes."""

    batch: _BatchNumber
    outcomes: list[OutcomeBody] = Field(min_length=1, max_length=MOST_ENTRIES)


class TakenView(BaseModel):
    """A batch that was taken as a whole."""

    batch: str = Field(description="批次号", examples=["20260302-01"])
    entries: int = Field(description="条数", examples=[12])
    repeated: bool = Field(description="此前已经收妥，这次没有重复收取")
    ended: list[str] = Field(description="因此终止的授权：结清，或未发放", examples=[["SQ20260302-ABCDEFGHJK"]])


class DutyView(BaseModel):
    """An ended consent, and what becomes of what was delivered by it."""

    consent: _ConsentNumber
    recipient: str = Field(description="机构编号", examples=["yinhe"])
    subject: str = Field(description="统一社会信用代码", examples=["91630102MA0000001A"])
    disposal: Disposal = Field(description="授权书约定的到期处置：DELETE 删除，RETAIN_BY_LAW 停用并依法留存")
    ended_at: datetime = Field(description="授权终止的时刻")
    state: DutyState = Field(description="DUE 待回执，DELETED 已删除，RETAINED 停用并依法留存")
    due_by: date | None = Field(description="最迟回执之日；null：不再需要")
    overdue: bool = Field(description="已逾期")
    law: str = Field(description="留存依据", examples=["反洗钱法"])
    article: str = Field(description="条款", examples=["第三十四条"])
    retained_until: date | None = Field(description="留存的最后一日")


class TotalsView(BaseModel):
    """What one recipient reported of one month."""

    recipient: str
    month: str
    counts: dict[LoanOutcomeKind, int]
    amounts_cny: dict[LoanOutcomeKind, str]
    first_loans: int


def taken_view(taken: Taken) -> TakenView:
    """Return a batch as its sender is answered."""
    return TakenView(
        batch=taken.batch.number, entries=taken.entries, repeated=taken.is_repeated, ended=list(taken.ended)
    )


def duty_views(duties: Iterable[DeletionDuty], at: datetime) -> list[DutyView]:
    """Return duties as they are shown."""
    return [_duty_view(one, at) for one in duties]


def _duty_view(duty: DeletionDuty, at: datetime) -> DutyView:
    terms, receipt = duty.consent.terms, duty.receipt
    return DutyView(
        consent=terms.number,
        recipient=terms.recipient,
        subject=terms.subject,
        disposal=terms.disposal,
        ended_at=duty.ended_at,
        state=duty.state,
        due_by=duty.due_by,
        overdue=duty.is_overdue(at),
        law=receipt.law if receipt else "",
        article=receipt.article if receipt else "",
        retained_until=receipt.until if receipt else None,
    )


def totals_view(totals: MonthTotals) -> TotalsView:
    """Return totals as they are shown."""
    return TotalsView(
        recipient=totals.recipient,
        month=totals.month,
        counts=dict(totals.counts),
        amounts_cny={kind: f"{amount:.2f}" for kind, amount in totals.amounts_cny.items()},
        first_loans=totals.first_loans,
    )
