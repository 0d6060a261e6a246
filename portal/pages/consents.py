"""What an enterprise sees of its consents, and its one button. Nobody sees but his own enterprise's."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from starlette.responses import RedirectResponse

from portal.audit.middleware import audited
from portal.office import ENTERPRISE, NotPossible
from portal.pages.asking import Form, session_of
from portal.pages.identity import CHECKS
from portal.pages.problems import PageRefused, PageTrouble
from portal.pages.rendering import PATH, page
from portal.pages.shown import ConsentStanding, ShownConsent
from portal.pages.site import PageSite
from portal.register import KnownConsent
from rules.audit.entry import AuditAct
from rules.release.consent.lifecycle import Act, ActReason

_Number = Annotated[str, Path(pattern="^[A-Za-z0-9-]{1,40}$")]


class OwnConsents:
    """The consents of the enterprise for which somebody asks, as of the moment at which he does."""

    def __init__(self, site: PageSite, request: Request) -> None:
        """Raises PageRefused where nobody has entered."""
        self.session, self._site, self._audit = session_of(site, request), site, audited(request)
        self.at = site.now()

    def all(self) -> tuple[KnownConsent, ...]:
        """Return them, the oldest first."""
        return self._site.office().known_of_subject(self.session.who.subject)

    def shown(self) -> list[ShownConsent]:
        """Return them as they are shown, the newest first."""
        shown = [self._shown(one) for one in reversed(self.all())]
        self._audit.about(consents=[one.terms.number for one in shown])
        return shown

    def one(self, number: str) -> ShownConsent:
        """Return one of them; raises PageRefused for another enterprise's, as for none."""
        found = next((one for one in self.all() if one.held.consent.terms.number == number), None)
        if found is None:
            raise PageRefused(PageTrouble.NO_SUCH_CONSENT)
        self._audit.about(consents=[number], purpose=found.held.consent.terms.purpose)
        return self._shown(found)

    def _shown(self, known: KnownConsent) -> ShownConsent:
        receipt = self._site.receipt_of(known.held.consent.terms.number)
        return self._site.wording.consent(known, self.at, receipt)

    def page_of(self, template: str, consent: ShownConsent) -> Response:
        """Return a page about one of them."""
        others = [one.held.consent for one in self.all()]
        still = self._site.wording.still_allowed(consent.terms, others, self.at)
        return self.page(template, consent=consent, still=still)

    def page(self, template: str, **values: Any) -> Response:
        """Return a page of the session."""
        return page(template, session=self.session, checks=CHECKS, **values)


def consents_router(site: PageSite) -> APIRouter:
    """Return the routes."""
    router = APIRouter()

    def own(request: Request) -> OwnConsents:
        return OwnConsents(site, request)

    @router.get("/", name=AuditAct.PAGE_CONSENTS)
    def consents(own: OwnConsents = Depends(own)) -> Response:
        shown = own.shown()
        groups = {standing: [one for one in shown if one.standing is standing] for standing in ConsentStanding}
        return own.page(
            "consents", groups=groups,
            # As the newest one has it.
            enterprise=shown[0].terms.enterprise if shown else "",
            institutions=len({one.terms.recipient for one in groups[ConsentStanding.IN_FORCE]}),
        )  # fmt: skip

    @router.get("/consents/{number}", name=AuditAct.PAGE_CONSENT)
    def consent(number: _Number, own: OwnConsents = Depends(own)) -> Response:
        return own.page_of("consent", own.one(number))

    @router.get("/consents/{number}/revoke", name=AuditAct.PAGE_CONSENT)
    def ask(number: _Number, own: OwnConsents = Depends(own)) -> Response:
        shown = own.one(number)
        return own.page_of("revoke", shown) if shown.can_revoke else _to(number)

    @router.post("/consents/{number}/revoke", name=AuditAct.CONSENT_REVOKE)
    def revoke(number: _Number, form: Form, own: OwnConsents = Depends(own)) -> Response:
        if not own.session.is_form_of(form.get("csrf", "")):
            raise PageRefused(PageTrouble.FORM_FOREIGN)
        own.one(number)
        try:
            site.office().act(number, Act.REVOKE, ActReason.BY_ENTERPRISE, ENTERPRISE, None)
        except NotPossible:
            # Somebody was before it: what the consent is now says its page.
            return _to(number)
        return _to(number, "/revoked")

    @router.get("/consents/{number}/revoked", name=AuditAct.PAGE_CONSENT)
    def revoked(number: _Number, own: OwnConsents = Depends(own)) -> Response:
        shown = own.one(number)
        return own.page_of("revoked", shown) if shown.is_revoked else _to(number)

    return router


def _to(number: str, more: str = "") -> Response:
    return RedirectResponse(f"{PATH}/consents/{number}{more}", 303)
