"""Operators issue one-time links: the route of their interface that opens the pages to an enterprise."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel

from catalogue.identifiers import is_uscc, normalised
from monitoring.metrics import PAGE_LINKS
from portal.audit.middleware import AuditedRequest, audited
from portal.pages.identity import CHECKS, IdentityCheck
from portal.pages.site import PageSite
from portal.requests import ActorBody, BadRequest, check_actor
from rules.audit.entry import ActorKind, AuditAct
from rules.release.consent.checks import Problem


class LinkBody(ActorBody):
    """Who issues a link, and what he looked at."""

    check: IdentityCheck


class LinkView(BaseModel):
    """A link, and for whom it is: so that an operator sees a wrong code before he hands it over."""

    subject: str
    enterprise: str
    consents: int
    check: str
    url: str
    until: datetime


def links_router(site: PageSite, base: str) -> APIRouter:
    """Return the route under a base path."""
    router = APIRouter(prefix=base)

    @router.post("/subjects/{subject}/links", status_code=201, name=AuditAct.LINK_ISSUE)
    def issue(
        subject: Annotated[str, Path(max_length=40)], body: LinkBody, audit: Annotated[AuditedRequest, Depends(audited)]
    ) -> LinkView:
        code = normalised(subject)
        audit.by(ActorKind.OPERATOR, body.actor)
        audit.about(subject=code, purpose=body.check)
        problems = list(check_actor(body.actor))
        if not is_uscc(code):
            problems.append(Problem("subject", "统一社会信用代码不正确；请核对18位代码及其校验码"))
        if problems:
            raise BadRequest(problems)
        consents = site.office().of_subject(code)
        issued = site.links.issue(code, body.check, body.actor, site.now())
        PAGE_LINKS.labels("issued").inc()
        return LinkView(
            subject=code,
            enterprise=consents[-1].terms.enterprise if consents else "",
            consents=len(consents),
            check=CHECKS[body.check],
            url=site.link(issued.secret),
            until=issued.until,
        )

    return router
