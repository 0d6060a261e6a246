"""The routes by which recipients send back: receipts of deletion, and outcomes. Each batch is taken whole, and once."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query

from portal.recipients.answer_counts import CountedRoute
from portal.recipients.routes import Audited, Recipient
from portal.recipients.schemas import RecipientProblem
from portal.returns.desk import ReturnsDesk
from portal.returns.schemas import DutyView, OutcomesBody, ReceiptsBody, TakenView, duty_views, taken_view
from rules.audit.entry import AuditAct
from rules.release.receipts import DutyState

_PROBLEM: dict[str, Any] = {"model": RecipientProblem, "description": "不予收取，code 为原因"}
_ANSWERS: dict[int | str, dict[str, Any]] = dict.fromkeys((401, 409, 422, 503), _PROBLEM)


def returns_router(desk: Callable[[], ReturnsDesk]) -> APIRouter:
    """Return the routes; ``desk`` raises OfficeLost while there is none."""
    router = APIRouter(responses=_ANSWERS, tags=["回执与结果"], route_class=CountedRoute)

    @router.get("/v1/deletions", name=AuditAct.DELETION_LIST, summary="待回执的删除")
    def deletions(
        recipient: Recipient,
        state: Annotated[DutyState | None, Query(description="DUE 待回执；缺省：全部")] = None,
    ) -> list[DutyView]:
        """已终止、且曾向贵机构交付内容（留存或持续推送）的授权，先终止的在前。"""
        duties = desk().duties(recipient.recipient)
        return duty_views((one for one in duties if state in (None, one.state)), desk().now())

    @router.post("/v1/deletion-receipts", name=AuditAct.RECEIPT_TAKE, summary="报送删除回执")
    def receipts(body: ReceiptsBody, recipient: Recipient, audit: Audited) -> TakenView:
        """整批收取，或整批不收；errors 逐条说明。同一批次号、同样内容再报，不重复收取。"""
        audit.about(consents=[one.consent for one in body.receipts])
        sent = [one.sent() for one in body.receipts]
        return taken_view(desk().take_receipts(recipient.recipient, body.batch, sent))

    @router.post("/v1/outcomes", name=AuditAct.OUTCOME_TAKE, summary="报送贷款结果")
    def outcomes(body: OutcomesBody, recipient: Recipient, audit: Audited) -> TakenView:
        """整批收取，或整批不收；加密保存，不向其他机构提供。同一授权、同一种类再报，以后报的为准。"""
        audit.about(consents=[one.consent for one in body.outcomes])
        sent = [one.sent() for one in body.outcomes]
        return taken_view(desk().take_outcomes(recipient.recipient, body.batch, sent))

    return router
