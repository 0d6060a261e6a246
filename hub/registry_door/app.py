"""The door as an ASGI application: GET alone, no body read, no query and no header heeded, each client counted."""

import asyncio
import json
import math
import time
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any

from hub.registry_door.answers import RegistryAnswers
from hub.registry_door.questions import BankPaths, Reply
from hub.registry_door.throttle import Throttle
from monitoring.health import HealthCheck, HealthState, ProcessHealth
from monitoring.metrics import DOOR_ANSWERS

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_JSON = b"application/vnd.schemaregistry.v1+json"
_STATUSES = (200, 403, 404, 405, 429, 503)


class RegistryDoor:
    """Reads the registry to banks. ``on_started`` is given the health once the port is taken."""

    def __init__(
        self,
        paths: BankPaths,
        answers: Callable[[], RegistryAnswers],
        throttle: Throttle,
        on_started: Callable[[HealthCheck], None] = lambda health: None,
    ) -> None:
        """``answers`` is called in the server's event loop."""
        self._paths, self._open, self._throttle, self._on_started = paths, answers, throttle, on_started
        self._answers: RegistryAnswers | None = None
        for status in _STATUSES:
            DOOR_ANSWERS.labels(str(status))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or live as long as the server."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            reply, headers = await self._reply(scope)
            DOOR_ANSWERS.labels(str(reply.status)).inc()
            body = json.dumps(reply.body, ensure_ascii=False).encode()
            fixed = [
                (b"content-type", _JSON),
                (b"content-length", str(len(body)).encode()),
                (b"x-content-type-options", b"nosniff"),
            ]
            await send({"type": "http.response.start", "status": reply.status, "headers": [*fixed, *headers]})
            await send({"type": "http.response.body", "body": body})

    def health(self) -> ProcessHealth:
        """Return whether banks may rely on the door; one that is open goes on without the registry."""
        answers = self._answers
        if answers is None or not answers.has_begun:
            problem = answers.problem if answers is not None else ""
            return ProcessHealth(HealthState.RECOVERING, problem or "the registry was not asked yet")
        return ProcessHealth(HealthState.CURRENT, answers.problem and f"{answers.problem} What is kept is told.")

    async def _reply(self, scope: Scope) -> tuple[Reply, list[tuple[bytes, bytes]]]:
        wait_s = self._throttle.wait_s((scope.get("client") or ("",))[0], time.monotonic())
        if wait_s > 0:
            reply = Reply.error(
                429, 42901, "Too many questions from this address. Keep what an id is: it never changes."
            )
            return reply, [(b"retry-after", str(math.ceil(wait_s)).encode())]
        if scope["method"] != "GET":
            return Reply.error(405, 405, "HTTP 405 Method Not Allowed: this registry is read with GET."), [
                (b"allow", b"GET")
            ]
        question = self._paths.understood(scope["path"])
        if isinstance(question, Reply):
            return question, []
        assert self._answers is not None
        reply = await self._answers.reply(question)
        return reply, [(b"retry-after", b"5")] if reply.status == HTTPStatus.SERVICE_UNAVAILABLE else []

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self._answers = self._open()
        reading = asyncio.create_task(self._answers.read_ahead())
        self._on_started(self.health)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        reading.cancel()
        await self._answers.close()
        await send({"type": "lifespan.shutdown.complete"})
