"""The recipients' routes. Each says in the audit log what it was asked, and by which consents it answered."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, NamedTuple
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Path, Query, Request, Response, Security
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBearer
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException as StarletteHTTPException

from catalogue.identifiers import uscc
from portal.audit.middleware import AuditedRequest, audited
from portal.recipients import cursors
from portal.recipients.answer_counts import CountedRoute
from portal.recipients.changes import MOST_MESSAGES, ChangeReader
from portal.recipients.desk import RecipientDesk
from portal.recipients.door import TOKEN_PATH, RecipientUser
from portal.recipients.schemas import (
    AnswerView,
    BandsView,
    BandView,
    ChangesView,
    ItemView,
    QuestionBody,
    RecipientProblem,
    RecordView,
    ReleasedView,
    ScoreBody,
    ScoreView,
    SubjectView,
    TokenProblem,
    TokenView,
)
from portal.recipients.tokens import ASSERTION_TYPE, GRANT_TYPE, TOKEN_S, TokenDesk, TokenRefused
from portal.recipients.view import MOST_RECORDS, SubjectViews
from portal.returns.desk import ReturnsDesk
from rules.audit.entry import ActorKind, AuditAct
from rules.release.answering import AnswerRefusal, AskingRecipient, StatedPurpose
from rules.release.askable import plain_number
from rules.release.consent.terms import DataUse, Purpose
from rules.release.predicate import BadQuestion
from rules.release.recipient_messages import RecipientVersion
from rules.release.released import Lost

_PROBLEM: dict[str, Any] = {"model": RecipientProblem, "description": "不予答复，code 为原因"}
_ANSWERS: dict[int | str, dict[str, Any]] = dict.fromkeys((401, 403, 422, 503), _PROBLEM)
_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "required": ["grant_type", "client_assertion_type", "client_assertion"],
                    "properties": {
                        "grant_type": {"type": "string", "const": GRANT_TYPE},
                        "client_assertion_type": {"type": "string", "const": ASSERTION_TYPE},
                        "client_assertion": {
                            "type": "string",
                            "description": "以登记公钥对应的私钥签名的JWT：iss、sub 为机构编号，aud 为平台标识，"
                            "iat、exp（至多300秒）、jti（每次不同）",
                        },
                        "client_id": {"type": "string", "description": "可省略；机构编号"},
                    },
                }
            }
        },
    }
}


# For the description alone: the door has looked at the token.
_BEARER = HTTPBearer(auto_error=False, description="令牌，由 POST /v1/token 获取", bearerFormat="JWT")


class RecipientServices(NamedTuple):
    """What the routes answer by."""

    tokens: TokenDesk
    desk: RecipientDesk
    views: SubjectViews
    changes: ChangeReader
    returns: ReturnsDesk


Services = Callable[[], RecipientServices]
"""Returns them, once there is a request."""
Audited = Annotated[AuditedRequest, Depends(audited)]
Cursor = Annotated[str | None, Query(max_length=cursors.MOST_CHARACTERS, description="上次答复中的游标；缺省：从头")]


def _recipient(request: Request, _: Annotated[object, Security(_BEARER)]) -> RecipientVersion:
    user = request.scope.get("user")
    # The door let in nobody else; it is asked once more, so that no route depends on how it is reached.
    if not isinstance(user, RecipientUser):
        raise StarletteHTTPException(401, "令牌缺失", {"WWW-Authenticate": "Bearer"})
    return user.recipient


Recipient = Annotated[RecipientVersion, Depends(_recipient)]


def recipients_router(services: Services) -> APIRouter:
    """Return the routes."""
    router = APIRouter(responses=_ANSWERS, tags=["数据使用机构"], route_class=CountedRoute)
    _add_token(router, services)
    _add_reading(router, services)
    _add_asking(router, services)
    return router


def _add_token(router: APIRouter, services: Services) -> None:
    answers: dict[int | str, dict[str, Any]] = {
        status: {"model": TokenProblem, "description": "不予签发"} for status in (400, 401)
    }

    @router.post(
        TOKEN_PATH, name=AuditAct.TOKEN_ISSUE, summary="获取令牌", openapi_extra=_FORM, responses=answers,
        response_model=TokenView,
    )  # fmt: skip
    async def token(request: Request, audit: Audited) -> Response:
        """以 private_key_jwt（RFC 7523）获取五分钟的令牌。同一断言只能用一次。"""
        form = _form(await request.body())
        try:
            issued = await run_in_threadpool(services().tokens.issue, form)
        except TokenRefused as exc:
            # Whose key it would have to be is known; who sent it is not.
            audit.by(ActorKind.STRANGER, exc.recipient)
            raise
        audit.by(ActorKind.RECIPIENT, issued.recipient)
        body = TokenView(access_token=issued.token, token_type="Bearer", expires_in=TOKEN_S)
        return JSONResponse(body.model_dump(), headers={"Cache-Control": "no-store"})


def _add_reading(router: APIRouter, services: Services) -> None:
    @router.get("/v1/bands", name=AuditAct.BANDS_SHOW, summary="可供提问的指标与分档")
    def bands(recipient: Recipient) -> BandsView:
        """问题与评分卡中的数只能取这些界限；评分卡由平台事先登记。"""
        desk = services().desk
        found = [
            BandView(
                id=one.id, name=one.zh, unit=one.unit, items=list(one.items), needs_consent=not one.is_public,
                limits=None if one.limits is None else [plain_number(limit) for limit in one.limits],
            )
            for one in desk.askable.values()
        ]  # fmt: skip
        return BandsView(indicators=found, cards=list(desk.directory.cards(recipient.recipient)))

    @router.get(
        "/v1/changes", name=AuditAct.CHANGES_PULL, summary="拉取变更",
        responses={410: {"model": RecipientProblem, "description": "游标所指的内容已过保留期"}},
    )  # fmt: skip
    def changes(
        recipient: Recipient,
        cursor: Cursor = None,
        limit: Annotated[int, Query(ge=1, le=MOST_MESSAGES, description="一次大约多少条")] = 100,
    ) -> ChangesView:
        """与贵机构的 Kafka 主题内容相同，保留30天；发布后授权已终止的，只告知序号与原因。按企业有序。"""
        part = services().changes.read(recipient.recipient, cursor, limit, _lost(services().desk, recipient))
        found = [ReleasedView(**one.value()) for one in part.messages]
        return ChangesView(messages=found, cursor=part.cursor, is_end=part.is_end)

    @router.get("/v1/subjects/{subject}", name=AuditAct.SUBJECT_VIEW, summary="查看企业")
    def view(
        subject: Annotated[str, Path(max_length=40, description="统一社会信用代码")],
        purpose: Annotated[Purpose, Query(description="用途")],
        use: Annotated[DataUse, Query(description="用于")],
        recipient: Recipient,
        audit: Audited,
        cursor: Cursor = None,
        limit: Annotated[int, Query(ge=1, le=MOST_RECORDS, description="一次至多多少条")] = 100,
    ) -> SubjectView:
        """现在可提供的全部记录：公开的，和企业授权（查看或以上）的。逐项告知提供与否及原因，与有无记录无关。"""
        code = _code(subject)
        audit.about(subject=code, purpose=f"{purpose}_{use}")
        part = services().views.view(recipient, code, StatedPurpose(purpose, use), cursor, limit)
        audit.about(consents=part.consents)
        return SubjectView(
            subject=code,
            subject_name=part.name,
            items=[ItemView(**one._asdict() | {"consents": list(one.consents)}) for one in part.items],
            indicators=part.indicators,
            records=[RecordView(**one._asdict()) for one in part.records],
            cursor=part.cursor,
            answered_at=datetime.now(UTC),
        )


def _add_asking(router: APIRouter, services: Services) -> None:
    too_often: dict[int | str, dict[str, Any]] = {
        429: {"model": RecipientProblem, "description": "FREQUENCY_EXCEEDED；Retry-After 为秒数"}
    }

    @router.post("/v1/verify", name=AuditAct.QUESTION_ANSWER, summary="核验", responses=too_often)
    def verify(body: QuestionBody, recipient: Recipient, audit: Audited) -> AnswerView:
        """可用不可见：只答 TRUE、FALSE 或 INSUFFICIENT。须对每个指标所用的信息项都有权（核验或以上）。"""
        subject = _about(audit, body)
        found = services().desk.verify(recipient, subject, body.question, StatedPurpose(body.purpose, body.use))
        audit.about(consents=found.consents)
        return AnswerView(
            answer=found.answer, question=str(found.question), consents=list(found.consents), answered_at=found.moment
        )

    @router.post(
        "/v1/score", name=AuditAct.SCORE_ANSWER, summary="评分",
        responses=too_often | {404: {"model": RecipientProblem, "description": "没有登记过这张评分卡"}},
    )  # fmt: skip
    def score(body: ScoreBody, recipient: Recipient, audit: Audited) -> ScoreView:
        """可用不可见：按已登记的评分卡在平台内计分，只答总分。"""
        subject = _about(audit, body)
        found = services().desk.score(recipient, subject, body.card, StatedPurpose(body.purpose, body.use))
        audit.about(consents=found.consents)
        return ScoreView(
            score=None if found.score is None else plain_number(found.score), card=found.card.card.id,
            card_version=found.card.version, consents=list(found.consents), answered_at=found.moment,
        )  # fmt: skip


def _about(audit: AuditedRequest, body: QuestionBody | ScoreBody) -> str:
    subject = _code(body.subject)
    audit.about(subject=subject, purpose=f"{body.purpose}_{body.use}")
    return subject


def _code(said: str) -> str:
    try:
        return str(uscc(said))
    except ValueError as exc:
        raise BadQuestion("统一社会信用代码不正确", remedy="请核对18位代码。") from exc


def _lost(desk: RecipientDesk, recipient: RecipientVersion) -> Lost:
    """Return what decides of one answer; of each enterprise it is asked for once what counts now."""
    known: dict[str, AskingRecipient] = {}

    def lost(subject: str, item: str, consents: tuple[str, ...]) -> AnswerRefusal | None:
        if subject not in known:
            known[subject] = desk.asking(recipient, subject)
        return known[subject].lost(item, consents)

    return lost


def _form(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(body.decode("ascii"), strict_parsing=True, max_num_fields=10)
    except (ValueError, UnicodeDecodeError) as exc:
        raise TokenRefused("invalid_request", "请求应为 application/x-www-form-urlencoded") from exc
    if len(dict(pairs)) != len(pairs):
        raise TokenRefused("invalid_request", "参数重复")
    return dict(pairs)
