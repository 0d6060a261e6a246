"""The portal's HTTP interface (FastAPI), for operators: who carries the token may do everything here."""

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.middleware.authentication import AuthenticationMiddleware

from catalogue.errors import HubError, Unavailable
from catalogue.identifiers import normalised
from catalogue.model import Catalogue
from connectors.http_in.authentication import HEALTH, TokenAuthentication, refused
from monitoring.metrics import PORTAL_ANSWERS
from portal.evidence import MOST_BYTES, EvidenceRefused, EvidenceStore
from portal.journal import OfficeLost
from portal.office import ConsentOffice, NoSuchConsent, NotPossible
from portal.requests import ActBody, BadRequest, RequestBody, Signatories, reason_of, terms_of
from portal.views import ConsentView, ProblemView, ScopeView, consent_view, scope_view
from portal.words import ACTS, FIELDS, STATES
from rules.release.consent.lifecycle import TRANSITIONS, Act, Consent, State

BASE_PATH = "/v1"
EVIDENCE_PATH = f"{BASE_PATH}/evidence"
_MOST_BODY_BYTES = 64 * 1024
_STATUSES = (200, 201, 401, 404, 409, 413, 422, 500, 503)
# The acts of operators; a pause for what the register says, and an end, the hub writes by itself.
_ACTS = {act.lower(): act for act in (Act.GRANT, Act.REJECT, Act.PAUSE, Act.RESUME, Act.REVOKE, Act.SETTLE)}
_MOST_SHOWN = 1000

Number = Annotated[str, Path(pattern="^[A-Za-z0-9-]{1,40}$", description="授权书编号")]


class Portal:
    """What the routes need; ``office`` is there once Kafka was read."""

    def __init__(
        self,
        catalogue: Catalogue,
        recipients: Callable[[], Collection[str]],
        evidence: EvidenceStore,
        signatories: Signatories,
    ) -> None:
        """``recipients`` returns the ids of those to whom an enterprise can consent, as of now."""
        self.catalogue, self.recipients, self.evidence = catalogue, recipients, evidence
        self.signatories = signatories
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
    token: str,
    on_started: Callable[[], None] = lambda: None,
    on_ended: Callable[[], None] = lambda: None,
) -> FastAPI:
    """Return the portal as an ASGI application. Every request but /health must carry the ``token``."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        on_started()
        yield
        on_ended()

    app = FastAPI(
        title="授权 (consents)", version="1.0.0", lifespan=lifespan,
        # Strangers are told nothing of it.
        docs_url=None, redoc_url=None, openapi_url=None,
    )  # fmt: skip
    app.add_middleware(AuthenticationMiddleware, backend=TokenAuthentication(token), on_error=refused)
    app.include_router(_consents(portal))
    app.include_router(_evidence(portal))
    for known, status in _STATUS_OF.items():
        app.add_exception_handler(known, _problem(status))
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(StarletteHTTPException, _refused)
    for status in _STATUSES:
        PORTAL_ANSWERS.labels(str(status))

    @app.middleware("http")
    async def count(request: Request, call_next: Callable[[Request], Any]) -> Response:
        too_large = _too_large(request)
        answer: Response = await call_next(request) if too_large is None else too_large
        PORTAL_ANSWERS.labels(str(answer.status_code)).inc()
        return answer

    @app.get(HEALTH)
    def health() -> Response:
        return JSONResponse({"status": "ok"})

    return app


def _too_large(request: Request) -> Response | None:
    """Return the refusal of a body that is larger than any that is wanted, or does not say how large it is."""
    if request.method != "POST":
        return None
    announced = request.headers.get("content-length", "")
    limit = MOST_BYTES if request.url.path == EVIDENCE_PATH else _MOST_BODY_BYTES
    if announced.isdecimal() and int(announced) <= limit:
        return None
    detail = f"内容超过{limit >> 10}KB，或没有说明大小（Content-Length）"
    body = ProblemView(title="内容过大", status=413, detail=detail)
    # What else comes is not read.
    return JSONResponse(body.model_dump(), 413, {"Connection": "close"}, _PROBLEM)


def _consents(portal: Portal) -> APIRouter:
    router = APIRouter(prefix=BASE_PATH)

    @router.post("/consents", status_code=201)
    def request(body: RequestBody) -> ConsentView:
        now = datetime.now(UTC)
        terms = terms_of(body, portal.catalogue, portal.recipients(), now)
        return consent_view(portal.office.request(terms, body.actor), now)

    @router.get("/consents")
    def newest(
        state: State | None = None,
        recipient: str = "",
        limit: Annotated[int, Query(ge=1, le=_MOST_SHOWN)] = 100,
    ) -> list[ConsentView]:
        def wanted(consent: Consent) -> bool:
            return state in (None, consent.state) and recipient in ("", consent.terms.recipient)

        now = datetime.now(UTC)
        return [consent_view(one, now) for one in portal.office.newest(limit, wanted)]

    @router.get("/consents/{number}")
    def show(number: Number) -> ConsentView:
        return consent_view(portal.office.consent(number), datetime.now(UTC))

    @router.get("/consents/{number}/artefacts")
    def artefacts(number: Number) -> list[str]:
        return portal.office.artefacts(number)

    @router.get("/subjects/{subject}/scope")
    def scope(subject: Annotated[str, Path(max_length=40)]) -> ScopeView:
        code = normalised(subject)
        return scope_view(code, portal.office.of_subject(code), datetime.now(UTC))

    @router.post("/consents/{number}/{act}")
    def do(number: Number, act: str, body: ActBody) -> ConsentView:
        if act not in _ACTS:
            raise StarletteHTTPException(404, "没有这个办理事项")
        what, signing = _ACTS[act], body.signing
        reason = reason_of(body, what)
        sign = None if signing is None else (lambda terms: (portal.signatories.of(terms, signing), signing.evidence))
        consent = portal.office.act(number, what, reason, body.actor, sign)
        return consent_view(consent, datetime.now(UTC))

    return router


def _evidence(portal: Portal) -> APIRouter:
    router = APIRouter(prefix=EVIDENCE_PATH)

    @router.post("", status_code=201)
    async def put(request: Request) -> Response:
        content = await request.body()
        return JSONResponse({"sha256": await run_in_threadpool(portal.evidence.put, content)}, 201)

    @router.get("/{digest}")
    def get(digest: Annotated[str, Path(pattern="^[0-9a-f]{64}$")]) -> Response:
        return Response(portal.evidence.open(digest), media_type="application/pdf")

    return router


_PROBLEM = "application/problem+json"
_STATUS_OF: dict[type[HubError], int] = {
    BadRequest: 422,
    EvidenceRefused: 422,
    NoSuchConsent: 404,
    NotPossible: 409,
    OfficeLost: 503,
    Unavailable: 503,
}


def _problem(status: int) -> Callable[[Request, Exception], Response]:
    def answer(_: Request, exc: Exception) -> Response:
        assert isinstance(exc, HubError)
        errors: list[dict[str, Any]] = []
        detail = str(exc)
        if isinstance(exc, BadRequest):
            errors = [{"field": one.field, "name": FIELDS[one.field], "detail": one.text} for one in exc.problems]
        if isinstance(exc, NotPossible):
            possible = [ACTS[act] for act in _ACTS.values() if (exc.state, act) in TRANSITIONS]
            others = f"；现在可以办理：{'、'.join(possible)}" if possible else "，不再变动；需要时请另行申请"
            detail = f"该授权现为“{STATES[exc.state]}”，不能这样办理（{exc.message}）{others}"
        titles = {422: "填写有误", 404: "没有这项授权", 409: "不能这样办理", 503: "暂时不能办理"}
        body = ProblemView(title=titles[status], status=status, detail=detail, errors=errors)
        headers = {"Retry-After": "2"} if status == 503 else None
        return JSONResponse(body.model_dump(), status, headers, _PROBLEM)

    return answer


def _refused(_: Request, exc: Exception) -> Response:
    assert isinstance(exc, StarletteHTTPException)
    body = ProblemView(title="请求有误", status=exc.status_code, detail=str(exc.detail))
    return JSONResponse(body.model_dump(), exc.status_code, dict(exc.headers or {}), _PROBLEM)


def _malformed(_: Request, exc: Exception) -> Response:
    """Say which fields are wrong, by their Chinese names, without the values."""
    assert isinstance(exc, RequestValidationError)
    errors = [_error(one) for one in exc.errors()[:10]]
    detail = "；".join(str(one["detail"]) for one in errors)
    body = ProblemView(title="填写有误", status=422, detail=detail, errors=errors)
    return JSONResponse(body.model_dump(), 422, None, _PROBLEM)


def _error(error: dict[str, Any]) -> dict[str, Any]:
    field = next((str(part) for part in reversed(error["loc"]) if isinstance(part, str)), "")
    name = FIELDS.get(field, field)
    match error["type"]:
        case "missing":
            text = f"缺少“{name}”；请填写"
        case "extra_forbidden":
            text = f"不认识“{name}”；请删去"
        case "enum":
            choices = error["ctx"]["expected"].replace("'", "").replace(" or ", "、").replace(", ", "、")
            text = f"“{name}”填写有误；可填 {choices}"
        case _:
            text = f"“{name}”格式不对或过长；请核对"
    return {"field": field, "name": name, "detail": text}
