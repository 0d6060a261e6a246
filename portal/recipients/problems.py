"""Refusals and errors as recipients are told them (RFC 9457), with codes for programs and Chinese for people."""

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from starlette.authentication import AuthenticationError
from starlette.requests import HTTPConnection

from catalogue.errors import HubError, Unavailable
from portal.audit.middleware import audited
from portal.recipients.answer_counts import (
    BAD_QUESTION,
    BATCH_DIFFERS,
    BATCH_REFUSED,
    CURSOR_EXPIRED,
    CURSOR_REFUSED,
    NO_SUCH_CARD,
    UNAUTHENTICATED,
    UNAVAILABLE,
    NotNow,
    code_of,
    count_answer,
)
from portal.recipients.changes import CursorExpired
from portal.recipients.cursors import CursorRefused
from portal.recipients.desk import AnswerRefused, NoSuchCard
from portal.recipients.schemas import RecipientProblem, RefusedItemView, TokenProblem
from portal.recipients.tokens import TokenRefused
from portal.returns.desk import BatchDiffers, BatchRefused, EntryProblem
from portal.views import PROBLEM_TYPE
from portal.words import FIELDS
from rules.release.answering import AnswerRefusal
from rules.release.predicate import BadQuestion

REFUSALS: Mapping[AnswerRefusal, tuple[str, str]] = {
    AnswerRefusal.NO_CONSENT: ("未获授权", "企业没有就此授权贵机构；请先取得企业授权"),
    AnswerRefusal.CONSENT_PAUSED: ("授权已暂停", "企业的授权现已暂停；恢复后方可使用"),
    AnswerRefusal.CONSENT_EXPIRED: ("授权已到期", "企业的授权已到期；需要时请重新取得授权"),
    AnswerRefusal.CONSENT_REVOKED: ("授权已撤回", "企业已撤回授权；请停止使用并按约定删除"),
    AnswerRefusal.PURPOSE_MISMATCH: ("用途不符", "企业的授权不是为所声明的用途；请按授权的用途查询"),
    AnswerRefusal.NOT_SUBSCRIBED: ("不在范围内", "该企业或信息项不在贵机构的范围内；请联系平台"),
    AnswerRefusal.NO_PROVIDER_PERMISSION: ("数据提供单位未许可", "数据提供单位未许可向贵类机构提供"),
    AnswerRefusal.PERSONAL: ("个人信息", "属于个人信息，不能凭企业授权提供"),
    AnswerRefusal.FREQUENCY_EXCEEDED: ("查询过于频繁", "今天对该企业的核验次数已满；请次日再查"),
}
_OTHERS: Mapping[str, tuple[int, str]] = {
    CURSOR_REFUSED: (422, "游标无效"),
    CURSOR_EXPIRED: (410, "游标已过期"),
    BAD_QUESTION: (422, "问题或评分卡有误"),
    NO_SUCH_CARD: (404, "没有这张评分卡"),
    BATCH_REFUSED: (422, "整批未收"),
    BATCH_DIFFERS: (409, "批次号已用过"),
    UNAVAILABLE: (503, "暂时不能答复"),
}
_FORBIDDEN, _TOO_OFTEN = 403, 429

Handler = Callable[[Request, Exception], Response]


def handlers() -> Mapping[type[HubError], Handler]:
    """Return what answers each error of these routes."""
    return {
        AnswerRefused: _refused,
        TokenRefused: _no_token,
        **dict.fromkeys(
            (CursorRefused, CursorExpired, BadQuestion, NoSuchCard, BatchRefused, BatchDiffers, NotNow), _wrong
        ),
    }


def unauthenticated(connection: HTTPConnection, problem: AuthenticationError) -> Response:
    """Answer whom a token does not let in (RFC 6750, 3); what else he sends is not read."""
    # Nobody can say yet who may go on.
    is_closed = isinstance(problem.__cause__, Unavailable)
    count_answer(connection.scope["path"], UNAVAILABLE if is_closed else UNAUTHENTICATED)
    if is_closed:
        return _answer(503, UNAVAILABLE, "暂时不能答复", str(problem), {"Retry-After": "2", "Connection": "close"})
    audited(connection).about(outcome=UNAUTHENTICATED)
    headers = {"WWW-Authenticate": 'Bearer error="invalid_token"', "Connection": "close"}
    return _answer(401, UNAUTHENTICATED, "令牌无效", str(problem), headers)


def _refused(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, AnswerRefused)
    audited(request).about(outcome=exc.code)
    title, detail = REFUSALS[exc.code]
    status = _TOO_OFTEN if exc.code is AnswerRefusal.FREQUENCY_EXCEEDED else _FORBIDDEN
    headers = None if exc.wait_s is None else {"Retry-After": str(exc.wait_s)}
    items = [RefusedItemView(item=one.item, code=one.code) for one in exc.items]
    return _answer(status, exc.code, title, detail, headers, items)


def _wrong(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HubError)
    code = code_of(exc)
    status, title = _OTHERS[code]
    audited(request).about(outcome=code)
    headers = {"Retry-After": "2"} if isinstance(exc, NotNow) else None
    errors = [_error(one) for one in exc.problems] if isinstance(exc, BatchRefused) else []
    return _answer(status, code, title, str(exc), headers, errors=errors)


def _error(found: EntryProblem) -> dict[str, Any]:
    field, text = found.problem
    return {"entry": found.entry, "field": field, "name": FIELDS[field], "detail": f"第{found.entry}条：{text}"}


def _no_token(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, TokenRefused)
    audited(request).about(outcome=UNAUTHENTICATED)
    status = 401 if exc.error == "invalid_client" else 400
    body = TokenProblem(error=exc.error, error_description=exc.message)
    headers = {"Cache-Control": "no-store"}
    return JSONResponse(body.model_dump(), status, headers)


def _answer(
    status: int,
    code: str,
    title: str,
    detail: str,
    headers: Mapping[str, str] | None = None,
    items: list[RefusedItemView] | None = None,
    errors: list[dict[str, Any]] | None = None,
) -> Response:
    body = RecipientProblem(
        title=title, status=status, detail=detail, code=code, items=items or [], errors=errors or []
    )
    return JSONResponse(body.model_dump(mode="json"), status, headers, PROBLEM_TYPE)
