"""What operators are told when something cannot be done (RFC 9457): in Chinese, by the names of the form's fields."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException as StarletteHTTPException

from catalogue.errors import HubError, Unavailable
from portal.evidence import EvidenceRefused
from portal.journal import OfficeLost
from portal.office import NoSuchConsent, NotPossible
from portal.requests import BadRequest
from portal.views import PROBLEM_TYPE, ProblemView
from portal.words import ACTS, FIELDS, STATES
from rules.release.consent.lifecycle import TRANSITIONS, Act

ACTS_OF_OPERATORS = (Act.GRANT, Act.REJECT, Act.PAUSE, Act.RESUME, Act.REVOKE, Act.SETTLE)
"""A pause for what the register says, and an end, the hub writes by itself."""
_STATUS_OF: dict[type[HubError], int] = {
    BadRequest: 422,
    EvidenceRefused: 422,
    NoSuchConsent: 404,
    NotPossible: 409,
    OfficeLost: 503,
    Unavailable: 503,
}


def add_problems(app: FastAPI) -> None:
    """Let an application answer every error so."""
    for known, status in _STATUS_OF.items():
        app.add_exception_handler(known, _problem(status))
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(StarletteHTTPException, _refused)


def _problem(status: int) -> Callable[[Request, Exception], Response]:
    def answer(_: Request, exc: Exception) -> Response:
        assert isinstance(exc, HubError)
        errors: list[dict[str, Any]] = []
        detail = str(exc)
        if isinstance(exc, BadRequest):
            errors = [{"field": one.field, "name": FIELDS[one.field], "detail": one.text} for one in exc.problems]
        if isinstance(exc, NotPossible):
            possible = [ACTS[act] for act in ACTS_OF_OPERATORS if (exc.state, act) in TRANSITIONS]
            others = f"；现在可以办理：{'、'.join(possible)}" if possible else "，不再变动；需要时请另行申请"
            detail = f"该授权现为“{STATES[exc.state]}”，不能这样办理（{exc.message}）{others}"
        titles = {422: "填写有误", 404: "没有这项授权", 409: "不能这样办理", 503: "暂时不能办理"}
        body = ProblemView(title=titles[status], status=status, detail=detail, errors=errors)
        headers = {"Retry-After": "2"} if status == 503 else None
        return JSONResponse(body.model_dump(), status, headers, PROBLEM_TYPE)

    return answer


def _refused(_: Request, exc: Exception) -> Response:
    assert isinstance(exc, StarletteHTTPException)
    body = ProblemView(title="请求有误", status=exc.status_code, detail=str(exc.detail))
    return JSONResponse(body.model_dump(), exc.status_code, dict(exc.headers or {}), PROBLEM_TYPE)


def _malformed(_: Request, exc: Exception) -> Response:
    """Say which fields are wrong, by their Chinese names, without the values."""
    assert isinstance(exc, RequestValidationError)
    errors = [_error(one) for one in exc.errors()[:10]]
    detail = "；".join(str(one["detail"]) for one in errors)
    body = ProblemView(title="填写有误", status=422, detail=detail, errors=errors)
    return JSONResponse(body.model_dump(), 422, None, PROBLEM_TYPE)


def _error(error: dict[str, Any]) -> dict[str, Any]:
    field = next((str(part) for part in reversed(error["loc"]) if isinstance(part, str)), "")
    name = FIELDS.get(field, field)
    # Of a list, which one.
    entry = next((part + 1 for part in error["loc"] if isinstance(part, int)), None)
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
    found = {"field": field, "name": name, "detail": text}
    return found if entry is None else found | {"entry": entry, "detail": f"第{entry}条：{text}"}
