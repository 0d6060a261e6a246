"""The portal's HTTP interface (FastAPI), for operators: who carries the token may do everything here."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from starlette.authentication import AuthCredentials, AuthenticationBackend, BaseUser
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import HTTPConnection

from catalogue.identifiers import normalised
from catalogue.model import Catalogue
from connectors.http_in.authentication import HEALTH, TokenAuthentication, is_below
from monitoring.metrics import PORTAL_ANSWERS
from portal.audit.anchors import AnchorBook
from portal.audit.log import AuditLog
from portal.audit.middleware import AuditedRequest, AuditMiddleware, audited
from portal.audit.serving import anchors_router
from portal.evidence import MOST_BYTES, EvidenceStore
from portal.journal import OfficeLost
from portal.office import ConsentOffice
from portal.pages.app import create_pages, withheld_page
from portal.pages.issuing import links_router
from portal.pages.rendering import ASSET_PATHS, PATH
from portal.pages.site import PageSite
from portal.problems import ACTS_OF_OPERATORS, add_problems
from portal.recipients.door import RecipientDoor
from portal.recipients.routes import RecipientServices
from portal.recipients.site import add_recipients, refused_at_the_door
from portal.requests import ActBody, RequestBody, Signatories, reason_of, terms_of
from portal.returns.overview import overview_router
from portal.views import PROBLEM_TYPE, ConsentView, ProblemView, ScopeView, consent_view, scope_view
from rules.audit.entry import ActorKind, AuditAct
from rules.release.consent.lifecycle import Consent, State
from rules.release.consent.terms import APPLICATION_TERM

BASE_PATH = "/v1"
EVIDENCE_PATH = f"{BASE_PATH}/evidence"
_MOST_BODY_BYTES = 64 * 1024
_STATUSES = (200, 201, 303, 400, 401, 403, 404, 405, 409, 410, 413, 422, 429, 500, 503)
_ACTS = {act.lower(): act for act in ACTS_OF_OPERATORS}
_MOST_SHOWN = 1000

_Next = Callable[[Request], Awaitable[Response]]
Audited = Annotated[AuditedRequest, Depends(audited)]
"""What the audit log will say of the request: a route says in it what it learns."""
Number = Annotated[str, Path(pattern="^[A-Za-z0-9-]{1,40}$", description="授权书编号")]


class Portal:
    """What the routes need; ``office`` is there once Kafka was read."""

    def __init__(
        self,
        catalogue: Catalogue,
        recipients: Callable[[], Collection[str]],
        evidence: EvidenceStore,
        signatories: Signatories,
        term: timedelta = APPLICATION_TERM,
    ) -> None:
        """``recipients`` returns the ids of those to whom an enterprise can consent, as of now.

        ``term``: how long a consent lasts whose request names no last day.
        """
        self.catalogue, self.recipients, self.evidence = catalogue, recipients, evidence
        self.signatories, self.term = signatories, term
        self.opened: ConsentOffice | None = None

    @property
    def office(self) -> ConsentOffice:
        """The office; raises OfficeLost before it has opened, and once it is lost."""
        office = self.opened
        if office is None or office.lost:
            raise OfficeLost("授权服务正在启动", remedy="请稍后再试。")
        return office


def create_app(
    portal: Portal,
    log: AuditLog,
    anchors: AnchorBook,
    token: str,
    on_started: Callable[[], None] = lambda: None,
    on_ended: Callable[[], None] = lambda: None,
    pages: PageSite | None = None,
    recipients: RecipientServices | None = None,
) -> FastAPI:
    """Return the portal as an ASGI application. Every request but /health is audited.

    Each must carry the ``token``, but for /health, the enterprises' ``pages``, which have sessions of their own, and
    the paths of ``recipients``, who have tokens of their own.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        on_started()
        yield
        on_ended()

    app = FastAPI(
        title="授权 (consents)", version="1.0.0", lifespan=lifespan,
        # Strangers are told nothing of it.
        docs_url=None, redoc_url=None, openapi_url=None,
        # A redirection names the host that the request names.
        redirect_slashes=False,
    )  # fmt: skip
    # The last one that is added is the outermost.
    door: AuthenticationBackend = OperatorAuthentication(token)
    if recipients is not None:
        door = RecipientDoor(recipients.tokens, door)
        add_recipients(app, recipients)
        app.include_router(overview_router(recipients.returns, BASE_PATH))
    app.add_middleware(AuthenticationMiddleware, backend=door, on_error=refused_at_the_door)
    app.middleware("http")(_limit)
    app.add_middleware(AuditMiddleware, log=log, but=ASSET_PATHS, withheld=(PATH, withheld_page(pages)))
    app.include_router(_consents(portal))
    app.include_router(_evidence(portal))
    app.include_router(anchors_router(anchors, BASE_PATH))
    if pages is not None:
        app.include_router(links_router(pages, BASE_PATH))
        app.mount(PATH, create_pages(pages))
    add_problems(app)
    for status in _STATUSES:
        PORTAL_ANSWERS.labels(str(status))

    @app.middleware("http")
    async def count(request: Request, call_next: _Next) -> Response:
        answer = await call_next(request)
        PORTAL_ANSWERS.labels(str(answer.status_code)).inc()
        return answer

    @app.get(HEALTH)
    def health() -> Response:
        return JSONResponse({"status": "ok"})

    return app


class OperatorAuthentication(TokenAuthentication):
    """Lets operators in, and says of the request that it is one's."""

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, BaseUser] | None:
        """Return when the request may go on; raises AuthenticationError when it may not."""
        # Who comes to the pages is asked there.
        if is_below(conn.scope["path"], PATH):
            return None
        let_in = await super().authenticate(conn)
        if conn.scope["path"] != HEALTH:
            audited(conn).by(ActorKind.OPERATOR)
        return let_in


async def _limit(request: Request, call_next: _Next) -> Response:
    """Refuse a body that is larger than any that is wanted, or does not say how large it is."""
    announced = request.headers.get("content-length", "")
    path = request.scope["path"]
    limit = MOST_BYTES if path == EVIDENCE_PATH else _MOST_BODY_BYTES
    if request.method != "POST" or is_below(path, PATH) or (announced.isdecimal() and int(announced) <= limit):
        return await call_next(request)
    detail = f"内容超过{limit >> 10}KB，或没有说明大小（Content-Length）"
    body = ProblemView(title="内容过大", status=413, detail=detail)
    # What else comes is not read.
    return JSONResponse(body.model_dump(), 413, {"Connection": "close"}, PROBLEM_TYPE)


def _consents(portal: Portal) -> APIRouter:
    router = APIRouter(prefix=BASE_PATH)

    @router.post("/consents", status_code=201, name=AuditAct.CONSENT_REQUEST)
    def request(body: RequestBody, audit: Audited) -> ConsentView:
        audit.by(ActorKind.OPERATOR, body.actor)
        audit.about(subject=body.subject, purpose=body.purpose)
        now = datetime.now(UTC)
        terms = terms_of(body, portal.catalogue, portal.recipients(), now, portal.term)
        audit.about(consents=[terms.number])
        return consent_view(portal.office.request(terms, body.actor), now)

    @router.get("/consents", name=AuditAct.CONSENT_LIST)
    def newest(
        state: State | None = None,
        recipient: str = "",
        limit: Annotated[int, Query(ge=1, le=_MOST_SHOWN)] = 100,
    ) -> list[ConsentView]:
        def wanted(consent: Consent) -> bool:
            return state in (None, consent.state) and recipient in ("", consent.terms.recipient)

        now = datetime.now(UTC)
        return [consent_view(one, now) for one in portal.office.newest(limit, wanted)]

    @router.get("/consents/{number}", name=AuditAct.CONSENT_SHOW)
    def show(number: Number, audit: Audited) -> ConsentView:
        consent = portal.office.consent(number)
        _about(audit, consent)
        return consent_view(consent, datetime.now(UTC))

    @router.get("/consents/{number}/artefacts", name=AuditAct.CONSENT_ARTEFACTS)
    def artefacts(number: Number, audit: Audited) -> list[str]:
        _about(audit, portal.office.consent(number))
        return portal.office.artefacts(number)

    @router.get("/subjects/{subject}/scope", name=AuditAct.SCOPE_SHOW)
    def scope(subject: Annotated[str, Path(max_length=40)], audit: Audited) -> ScopeView:
        code = normalised(subject)
        audit.about(subject=code)
        return scope_view(code, portal.office.of_subject(code), datetime.now(UTC))

    @router.post("/consents/{number}/{act}", name=AuditAct.CONSENT_ACT)
    def do(number: Number, act: str, body: ActBody, audit: Audited) -> ConsentView:
        audit.by(ActorKind.OPERATOR, body.actor)
        if act not in _ACTS:
            raise StarletteHTTPException(404, "没有这个办理事项")
        what, signing = _ACTS[act], body.signing
        audit.about(act=AuditAct(f"CONSENT_{what}"))
        _about(audit, portal.office.consent(number))
        reason = reason_of(body, what)
        sign = None if signing is None else (lambda terms: (portal.signatories.of(terms, signing), signing.evidence))
        consent = portal.office.act(number, what, reason, body.actor, sign)
        return consent_view(consent, datetime.now(UTC))

    return router


def _about(audit: AuditedRequest, consent: Consent) -> None:
    audit.about(subject=consent.terms.subject, purpose=consent.terms.purpose, consents=[consent.terms.number])


def _evidence(portal: Portal) -> APIRouter:
    router = APIRouter(prefix=EVIDENCE_PATH)

    @router.post("", status_code=201, name=AuditAct.EVIDENCE_PUT)
    async def put(request: Request) -> Response:
        content = await request.body()
        return JSONResponse({"sha256": await run_in_threadpool(portal.evidence.put, content)}, 201)

    @router.get("/{digest}", name=AuditAct.EVIDENCE_GET)
    def get(digest: Annotated[str, Path(pattern="^[0-9a-f]{64}$")]) -> Response:
        return Response(portal.evidence.open(digest), media_type="application/pdf")

    return router
