"""The answers of the door: kept, else asked of the registry.

What never changes is kept for good, so that it is told while the registry is away. What may change is asked again after
some seconds, and told as it was while the registry is away.
"""

import asyncio
import json
import logging
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import httpx

from catalogue.errors import Unavailable
from hub.registry_door.questions import (
    AboutContent,
    BankPaths,
    BankSubjects,
    ContentById,
    ContentReferences,
    Question,
    Reply,
    SchemaById,
    SubjectVersion,
    SubjectVersions,
    unknown_schema,
)

log = logging.getLogger(__name__)

# How long an answer counts that may change, and one that says that there is nothing.
FRESH_S = 10.0
# For so long a registry that did not answer is not asked again: one that hangs would hold everybody up in turn.
AWAY_S = 2.0
# Strangers may ask for what is not there, without end.
_MOST_UNKNOWN = 1024
# Registries list no more than a thousand subjects at once, and some heed no prefix.
_PAGE = 1000
# So that strangers keep the registry from nobody.
_AT_ONCE = 4
# Between two of the questions by which the door learns what it may be asked: seconds against the load of a start.
_READ_AHEAD_PAUSE_S = 0.2
_RETRY_S = 5.0


@dataclass(frozen=True, slots=True)
class _Kept:
    reply: Reply
    at_s: float


class RegistryAnswers:
    """Answers questions; not for several threads."""

    def __init__(self, registry: httpx.AsyncClient, paths: BankPaths) -> None:
        self._registry, self._paths = registry, paths
        self._known: dict[Question, _Kept] = {}
        self._unknown: OrderedDict[Question, _Kept] = OrderedDict()
        self._at_once = asyncio.Semaphore(_AT_ONCE)
        self._away_until_s = 0.0
        self.has_begun = False
        """Whether the registry has answered since the door was opened."""
        self.problem = ""
        """What is wrong with the registry, as the last question found it; empty: it answers."""

    async def reply(self, question: Question | AboutContent) -> Reply:
        """Return the answer; 503 while the registry is away and never told it."""
        if isinstance(question, ContentById | ContentReferences):
            return _of_content(question, await self.reply(SchemaById(question.id)))
        if (kept := self._usable(question)) is not None:
            return kept
        async with self._at_once:
            # Whoever waited may find that another asked the same.
            if (kept := self._usable(question)) is not None:
                return kept
            if time.monotonic() >= self._away_until_s:
                try:
                    reply = await self._understood(question)
                except Unavailable as problem:
                    self.problem = problem.message
                    self._away_until_s = time.monotonic() + AWAY_S
                else:
                    self._keep(question, reply)
                    return reply
            if question in self._known:
                return self._known[question].reply
            return Reply.error(503, 50003, "The registry is away. Ask again in some seconds.")

    async def close(self) -> None:
        """Close the connections to the registry."""
        await self._registry.aclose()

    async def read_ahead(self) -> None:
        """Learn the answers to everything that a bank may ask, slowly, and once: so the registry may go away."""
        subjects = await self._learnt(BankSubjects())
        log.info("the registry answers: %d subjects of banks", len(subjects))
        for subject in subjects:
            for number in await self._learnt(SubjectVersions(subject)):
                await self._learnt(SubjectVersion(subject, number))

    async def _learnt(self, question: Question) -> Sequence[Any]:
        """Return a list from the registry, however long it is away; empty when the answer is none."""
        while (reply := await self.reply(question)).status == HTTPStatus.SERVICE_UNAVAILABLE:
            await asyncio.sleep(_RETRY_S)
        await asyncio.sleep(_READ_AHEAD_PAUSE_S)
        return reply.body if isinstance(reply.body, list) else ()

    def _usable(self, question: Question) -> Reply | None:
        kept = self._known.get(question) or self._unknown.get(question)
        if kept is None or not (_is_final(question, kept) or time.monotonic() - kept.at_s < FRESH_S):
            return None
        return kept.reply

    def _keep(self, question: Question, reply: Reply) -> None:
        kept = _Kept(reply, time.monotonic())
        if reply.status == HTTPStatus.OK:
            self._known[question] = kept
            self._unknown.pop(question, None)
            return
        self._known.pop(question, None)
        self._unknown[question] = kept
        if len(self._unknown) > _MOST_UNKNOWN:
            self._unknown.popitem(last=False)

    async def _understood(self, question: Question) -> Reply:
        try:
            return await self._asked(question)
        except (KeyError, TypeError, ValueError, AttributeError) as exc:
            raise Unavailable(f"The registry's answer cannot be read: {type(exc).__name__}.") from exc

    async def _asked(self, question: Question) -> Reply:
        match question:
            case SchemaById(number):
                return await self._schema(number)
            case BankSubjects():
                return await self._subjects()
            case SubjectVersions(subject):
                found = await self._get(f"/subjects/{subject}/versions")
                return found if isinstance(found, Reply) else Reply(200, [int(number) for number in found])
            case SubjectVersion(subject, number):
                return await self._version(subject, number)

    async def _schema(self, number: int) -> Reply:
        uses = await self._get(f"/schemas/ids/{number}/versions")
        if isinstance(uses, Reply) or not any(self._paths.holds(str(use.get("subject"))) for use in uses):
            return unknown_schema(number)
        found = await self._get(f"/schemas/ids/{number}")
        return unknown_schema(number) if isinstance(found, Reply) else Reply(200, {"schema": str(found["schema"])})

    async def _subjects(self) -> Reply:
        seen: set[str] = set()
        # Until a page says nothing new: so a registry that heeds no offset is not asked without end.
        while True:
            page = await self._get("/subjects", {"offset": str(len(seen)), "limit": str(_PAGE)})
            new = set[str]() if isinstance(page, Reply) else set(map(str, page)) - seen
            if not new:
                break
            seen |= new
        return Reply(200, sorted(filter(self._paths.holds, seen)))

    async def _version(self, subject: str, number: int | None) -> Reply:
        found = await self._get(f"/subjects/{subject}/versions/{number or 'latest'}")
        if isinstance(found, Reply):
            return found
        schema_id, schema = int(found["id"]), str(found["schema"])
        self._keep(SchemaById(schema_id), Reply(200, {"schema": schema}))
        return Reply(200, {"subject": subject, "version": int(found["version"]), "id": schema_id, "schema": schema})

    async def _get(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        """Return the registry's JSON, or a Reply when it does not know what is asked; raises Unavailable."""
        try:
            response = await self._registry.get(path, params=query)
            body = response.json()
        except (httpx.HTTPError, ValueError) as exc:
            raise Unavailable(f"The registry does not answer: {type(exc).__name__}.") from exc
        if response.status_code == HTTPStatus.NOT_FOUND and isinstance(body, dict) and "error_code" in body:
            self._answers()
            return Reply.error(404, int(body["error_code"]), f"Not found: {path.removeprefix('/')}")
        if not response.is_success:
            raise Unavailable(f"The registry answers {response.status_code}.")
        self._answers()
        return body

    def _answers(self) -> None:
        self.has_begun, self.problem = True, ""


def _of_content(question: AboutContent, schema: Reply) -> Reply:
    if schema.status != HTTPStatus.OK or not isinstance(schema.body, dict):
        return schema
    return Reply(200, [] if isinstance(question, ContentReferences) else json.loads(schema.body["schema"]))


def _is_final(question: Question, kept: _Kept) -> bool:
    if kept.reply.status != HTTPStatus.OK:
        return False
    return isinstance(question, SchemaById) or (isinstance(question, SubjectVersion) and question.number is not None)
