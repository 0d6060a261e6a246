"""The pages as one application: how somebody enters and leaves, and what is told when something is wrong."""

from typing import Annotated

from fastapi import FastAPI, Path, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from catalogue.errors import Unavailable
from monitoring.metrics import PAGE_LINKS
from portal.audit.middleware import audited
from portal.journal import OfficeLost
from portal.pages.asking import Form, cookie_name, say_who
from portal.pages.consents import consents_router
from portal.pages.problems import PageRefused, PageTrouble, http_trouble, trouble_page
from portal.pages.protection import Protection
from portal.pages.rendering import ASSETS, PATH, asset, page
from portal.pages.site import PageSite
from rules.audit.entry import AuditAct


def create_pages(site: PageSite) -> ASGIApp:
    """Return the pages as an ASGI application, to be mounted at ``PATH``."""
    pages = FastAPI(title="企业授权", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    for outcome in ("issued", "entered", "refused"):
        PAGE_LINKS.labels(outcome)
    _add_files(pages)
    _add_entrance(pages, site)
    pages.include_router(consents_router(site))
    _add_troubles(pages)
    return Protection(pages, is_https=site.is_https)


def withheld_page(site: PageSite | None) -> ASGIApp:
    """Return what answers in the pages' place when an answer cannot be audited."""

    async def told(scope: Scope, receive: Receive, send: Send) -> None:
        await trouble_page(PageTrouble.NOT_READY)(scope, receive, send)

    return Protection(told, is_https=site is not None and site.is_https)


def _add_files(pages: FastAPI) -> None:
    for name, kind in ASSETS.items():
        content = asset(name)

        def read(content: bytes = content, kind: str = kind) -> Response:
            return Response(content, media_type=kind)

        pages.add_api_route(f"/{name}", read)


def _add_entrance(pages: FastAPI, site: PageSite) -> None:
    name = cookie_name(site)

    def refused() -> PageRefused:
        if site.wrong_secrets.are_too_many(site.now()):
            return PageRefused(PageTrouble.TOO_MANY)
        PAGE_LINKS.labels("refused").inc()
        return PageRefused(PageTrouble.LINK_SPENT)

    # Programs that look a link up before a person does read this alone, and spend nothing.
    @pages.get("/enter/{secret}", name=AuditAct.LINK_SHOW)
    def door(secret: Annotated[str, Path(max_length=100)]) -> Response:
        if not site.proof.is_good(secret, site.now()):
            raise refused()
        return page("enter", secret=secret)

    @pages.post("/enter", name=AuditAct.PAGE_ENTER)
    def enter(request: Request, form: Form) -> Response:
        now = site.now()
        who = site.proof.redeem(form.get("secret", ""), now)
        if who is None:
            raise refused()
        say_who(request, who)
        audited(request).about(purpose=who.check)
        site.sessions.end(request.cookies.get(name, ""))
        PAGE_LINKS.labels("entered").inc()
        answer = RedirectResponse(f"{PATH}/", 303)
        answer.set_cookie(
            name, site.sessions.begin(who, now), httponly=True, samesite="strict", secure=site.is_https,
            path="/" if site.is_https else PATH,
        )  # fmt: skip
        return answer

    @pages.post("/leave", name=AuditAct.PAGE_LEAVE)
    def leave(request: Request, form: Form) -> Response:
        cookie = request.cookies.get(name, "")
        session = site.sessions.of(cookie, site.now())
        if session is None:
            raise PageRefused(PageTrouble.SESSION_ENDED)
        say_who(request, session.who)
        if not session.is_form_of(form.get("csrf", "")):
            raise PageRefused(PageTrouble.FORM_FOREIGN)
        site.sessions.end(cookie)
        answer = page("left")
        answer.delete_cookie(name, path="/" if site.is_https else PATH, secure=site.is_https, httponly=True)
        return answer


def _add_troubles(pages: FastAPI) -> None:
    def told(trouble: PageTrouble) -> Response:
        return trouble_page(trouble)

    def refused(request: Request, exc: Exception) -> Response:
        assert isinstance(exc, PageRefused)
        audited(request).about(outcome=exc.trouble.name)
        return told(exc.trouble)

    pages.add_exception_handler(PageRefused, refused)
    pages.add_exception_handler(OfficeLost, lambda _, exc: told(PageTrouble.NOT_READY))
    pages.add_exception_handler(Unavailable, lambda _, exc: told(PageTrouble.NOT_READY))
    pages.add_exception_handler(RequestValidationError, lambda _, exc: told(PageTrouble.NO_SUCH_PAGE))
    pages.add_exception_handler(StarletteHTTPException, lambda _, exc: http_trouble(exc))
    pages.add_exception_handler(Exception, lambda _, exc: told(PageTrouble.BROKEN))
