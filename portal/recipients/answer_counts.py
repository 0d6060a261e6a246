"""Counts what recipients were answered, by what they asked and by the code of a refusal."""

import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from catalogue.errors import HubError, Unavailable
from monitoring.metrics import RECIPIENT_ANSWERS
from portal.journal import OfficeLost
from portal.recipients.changes import CursorExpired
from portal.recipients.cursors import CursorRefused
from portal.recipients.desk import AnswerRefused, NoSuchCard
from portal.recipients.door import ASKED, asked
from portal.recipients.tokens import TokenRefused
from portal.returns.desk import BatchDiffers, BatchRefused
from rules.release.answering import AnswerRefusal
from rules.release.predicate import BadQuestion

log = logging.getLogger(__name__)

OK = "OK"
UNAUTHENTICATED, CURSOR_REFUSED, CURSOR_EXPIRED = "UNAUTHENTICATED", "CURSOR_REFUSED", "CURSOR_EXPIRED"
BAD_QUESTION, NO_SUCH_CARD, UNAVAILABLE = "BAD_QUESTION", "NO_SUCH_CARD", "UNAVAILABLE"
INVALID, FAILED = "INVALID", "FAILED"
BATCH_REFUSED, BATCH_DIFFERS = "BATCH_REFUSED", "BATCH_DIFFERS"


class NotNow(HubError):
    """Something is away that an answer needs."""


_CODES: Mapping[type[Exception], str] = {
    CursorRefused: CURSOR_REFUSED,
    CursorExpired: CURSOR_EXPIRED,
    BadQuestion: BAD_QUESTION,
    NoSuchCard: NO_SUCH_CARD,
    BatchRefused: BATCH_REFUSED,
    BatchDiffers: BATCH_DIFFERS,
    TokenRefused: UNAUTHENTICATED,
    RequestValidationError: INVALID,
    HTTPException: INVALID,
    Unavailable: UNAVAILABLE,
    OfficeLost: UNAVAILABLE,
    NotNow: UNAVAILABLE,
}


def begin_answer_counts() -> None:
    """Let every answer be counted from 0, so that the first one of a kind is seen as a rise."""
    for what in ASKED:
        for code in (OK, *AnswerRefusal, *dict.fromkeys(_CODES.values()), FAILED):
            RECIPIENT_ANSWERS.labels(what, code)


def count_answer(path: str, code: str) -> None:
    """Count an answer to a request of a path."""
    RECIPIENT_ANSWERS.labels(asked(path), code).inc()


def code_of(problem: Exception) -> str:
    """Return the code of what a route raised."""
    if isinstance(problem, AnswerRefused):
        return problem.code.value
    return next((code for known, code in _CODES.items() if isinstance(problem, known)), FAILED)


class CountedRoute(APIRoute):
    """A route whose answers are counted."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what handles a request."""
        handle = super().get_route_handler()

        async def counted(request: Request) -> Response:
            try:
                answer = await handle(request)
            except Exception as problem:
                code = code_of(problem)
                count_answer(request.scope["path"], code)
                if code == UNAVAILABLE:
                    # What is away, and how it is mended, is the operators' affair.
                    log.warning("a recipient is not answered: %s", problem)
                    raise NotNow("暂时不能答复", remedy="请稍后再试。") from problem
                raise
            count_answer(request.scope["path"], OK)
            return answer

        return counted
