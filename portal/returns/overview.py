"""What operators see of what recipients send back: what is due of whom, and totals. No outcome of an enterprise."""

from fastapi import APIRouter

from portal.returns.desk import ReturnsDesk
from portal.returns.schemas import DutyView, TotalsView, duty_views, totals_view
from rules.audit.entry import AuditAct


def overview_router(desk: ReturnsDesk, base_path: str) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix=f"{base_path}/overview")

    @router.get("/deletions", name=AuditAct.DELETION_LIST)
    def deletions(recipient: str = "") -> list[DutyView]:
        return duty_views(desk.duties(recipient), desk.now())

    @router.get("/outcomes", name=AuditAct.OUTCOME_TOTALS)
    def outcomes() -> list[TotalsView]:
        return [totals_view(one) for one in desk.totals()]

    return router
