"""Nothing is answered before it is audited: around all routes, and around whoever refuses before one is reached."""

import asyncio
import secrets
from collections.abc import Collection, Iterable
from concurrent.futures import Future
from datetime import UTC, datetime
from hashlib import sha256

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connectors.http_in.authentication import HEALTH, is_below
from portal.audit.log import AuditLog, AuditLost
from portal.views import PROBLEM_TYPE, ProblemView
from rules.audit.entry import (
    OK,
    ActorKind,
    AuditAct,
    AuditEntry,
    code_or_nothing,
    id_or_nothing,
    subject_or_nothing,
)

RECEIPT = "Audit-Receipt"
"""The header that says which entry an answer has, and the nonce of its hashes: ``<number>.<nonce, hex>``.

``question`` is SHA-256 over nonce, method, a space, the target, a line feed and the body; ``answer`` over nonce,
status, a line feed and the body. Only who keeps the receipt can show what an entry is of; nobody else can try out
which of the few possible answers it was.
"""
_NONCE_BYTES = 16
# A commit takes milliseconds. Where Kafka is away, whoever asked hears so before his own client gives up.
_WITHIN_S = 15.0
_REQUEST = "credithub.audited"
_ACTS = frozenset(AuditAct)
_OUTCOMES = {
    401: "UNAUTHENTICATED", 403: "FORBIDDEN", 404: "NOT_FOUND", 405: "NOT_FOUND", 409: "NOT_POSSIBLE",
    413: "TOO_LARGE", 422: "INVALID", 429: "FREQUENCY_EXCEEDED", 500: "FAILED", 503: "UNAVAILABLE",
}  # fmt: skip


class AuditedRequest:
    """What the entry of a request will say: whoever learns it says it here. What may name a person is left out."""

    def __init__(self) -> None:
        self.kind, self.actor = ActorKind.STRANGER, ""
        self.act: AuditAct | None = None
        self.subject = self.purpose = self.outcome = ""
        self.consents: tuple[str, ...] = ()

    def by(self, kind: ActorKind, actor: str = "") -> None:
        """Say who asks, once that is proved."""
        self.kind, self.actor = kind, id_or_nothing(actor)

    def about(
        self,
        *,
        act: AuditAct | None = None,
        subject: str = "",
        purpose: str = "",
        consents: Iterable[str] = (),
        outcome: str = "",
    ) -> None:
        """Say what is asked for; what is left out stays as it was.

        ``act``: unset, the name of the route. ``outcome``: the code of a refusal, unset: what the HTTP status says.
        """
        self.act = act or self.act
        self.subject = subject_or_nothing(subject) or self.subject
        self.purpose = code_or_nothing(purpose) or self.purpose
        self.consents = tuple(filter(None, map(id_or_nothing, consents))) or self.consents
        self.outcome = code_or_nothing(outcome) or self.outcome

    def entry(self, route: str, status: int, question: bytes, answer: bytes) -> AuditEntry:
        """Return the entry of a request that is answered with a status now."""
        act = self.act or (AuditAct(route) if route in _ACTS else AuditAct.NONE)
        outcome = self.outcome or (OK if status < 400 else _OUTCOMES.get(status, f"HTTP_{status}"))
        return AuditEntry(
            datetime.now(UTC), self.kind, self.actor, act, self.subject, self.purpose, self.consents, outcome,
            question, answer,
        )  # fmt: skip


def audited(connection: HTTPConnection) -> AuditedRequest:
    """Return what will be said of a request; a dependency of routes, too."""
    request: AuditedRequest = connection.scope[_REQUEST]
    return request


class AuditMiddleware:
    """Holds each answer back until its entry is committed; answers 503 instead when it is not.

    An answer is held in memory as a whole. ``/health`` is not audited, and no path of ``but``.
    """

    def __init__(
        self,
        app: ASGIApp,
        log: AuditLog,
        but: Collection[str] = (),
        withheld: tuple[str, ASGIApp] | None = None,
    ) -> None:
        """``but``: paths of files that tell nobody anything. ``withheld``: below which path what answers 503."""
        self._app, self._log, self._withheld = app, log, withheld
        self._unaudited = {HEALTH, *but}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["path"] in self._unaudited:
            await self._app(scope, receive, send)
            return
        request = scope[_REQUEST] = AuditedRequest()
        nonce = secrets.token_bytes(_NONCE_BYTES)
        target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
        question = sha256(nonce + scope["method"].encode() + b" " + target + b"\n")
        held: list[Message] = []

        async def hear() -> Message:
            message = await receive()
            question.update(message.get("body", b""))
            return message

        async def hold(message: Message) -> None:
            held.append(message)

        try:
            await self._app(scope, hear, hold)
        except Exception:
            # What failed is answered outside of this, with 500.
            await self._recorded(request.entry(_route(scope), 500, question.digest(), b""))
            raise
        status = next(message["status"] for message in held if message["type"] == "http.response.start")
        answer = sha256(nonce + f"{status}\n".encode() + b"".join(message.get("body", b"") for message in held))
        try:
            number = await self._recorded(request.entry(_route(scope), status, question.digest(), answer.digest()))
        except AuditLost as problem:
            is_told_there = self._withheld is not None and is_below(scope["path"], self._withheld[0])
            instead = self._withheld[1] if self._withheld and is_told_there else _withheld(problem)
            await instead(scope, receive, send)
            return
        if number is not None:
            MutableHeaders(raw=held[0]["headers"])[RECEIPT] = f"{number}.{nonce.hex()}"
        for message in held:
            await send(message)

    async def _recorded(self, entry: AuditEntry) -> int | None:
        """Return an entry's number once it is committed; raises AuditLost."""
        written: Future[int | None] = self._log.record(entry)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(written), _WITHIN_S)
        except TimeoutError:
            raise AuditLost("暂时无法写入") from None


def _route(scope: Scope) -> str:
    # The router says which route it is, also where it then refuses the body.
    return str(getattr(scope.get("route"), "name", ""))


def _withheld(problem: AuditLost) -> JSONResponse:
    body = ProblemView(title="暂时不能办理", status=503, detail=str(problem))
    return JSONResponse(body.model_dump(), 503, {"Retry-After": "2"}, PROBLEM_TYPE)
