"""What is kept, what is asked again, and what is told while the registry is away."""

import asyncio
import json
import math
from collections.abc import Callable, Coroutine
from typing import Any

import httpx
import pytest

from bus.config import BusConfig
from hub.registry_door import answers
from hub.registry_door.answers import RegistryAnswers
from hub.registry_door.questions import (
    BankPaths,
    BankSubjects,
    ContentById,
    ContentReferences,
    Question,
    Reply,
    SchemaById,
    SubjectVersion,
    SubjectVersions,
)
from tests.unit.hub.registry_door.registry import QINGHE, RECORD, YINHE, FakeRegistry

PATHS = BankPaths(BusConfig("", ""), lambda: ["yinhe", "qinghe"])
Story = Callable[[RegistryAnswers], Coroutine[Any, Any, None]]


def told(registry: FakeRegistry, story: Story) -> None:
    """Live through a story with answers that were just opened."""

    async def run() -> None:
        opened = RegistryAnswers(registry.client(), PATHS)
        try:
            await story(opened)
        finally:
            await opened.close()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("question", "body"),
    [
        (BankSubjects(), [QINGHE, YINHE]),
        (SubjectVersions(YINHE), [1]),
        (SchemaById(1), {"schema": FakeRegistry().schema(1)}),
        (SubjectVersion(YINHE, 1), {"subject": YINHE, "version": 1, "id": 1, "schema": FakeRegistry().schema(1)}),
        (SubjectVersion(YINHE, None), {"subject": YINHE, "version": 1, "id": 1, "schema": FakeRegistry().schema(1)}),
    ],
)
def test_what_the_registry_says_of_banks_subjects_is_told(question: Question, body: object) -> None:
    async def story(opened: RegistryAnswers) -> None:
        assert await opened.reply(question) == Reply(200, body)
        assert (opened.has_begun, opened.problem) == (True, "")

    told(FakeRegistry(), story)


def test_apicurio_s_clients_are_told_a_schema_bare_and_that_it_refers_to_nothing() -> None:
    registry = FakeRegistry()

    async def story(opened: RegistryAnswers) -> None:
        assert await opened.reply(ContentById(1)) == Reply(200, json.loads(registry.schema(1)))
        assert await opened.reply(ContentReferences(1)) == Reply(200, [])
        assert (await opened.reply(ContentById(99))).status == 404
        assert (await opened.reply(ContentReferences(99))).status == 404

    told(registry, story)


def test_a_subject_behind_a_thousand_others_is_told() -> None:
    registry = FakeRegistry()
    registry.subjects = {**{f"other-{number}": [2] for number in range(2500)}, **registry.subjects}

    async def story(opened: RegistryAnswers) -> None:
        assert await opened.reply(BankSubjects()) == Reply(200, [QINGHE, YINHE])

    told(registry, story)


@pytest.mark.attack(by="a bank", wants="the schemas of other topics, by counting through the ids")
def test_an_id_that_no_bank_has_is_told_as_one_that_is_not() -> None:
    registry = FakeRegistry()

    async def story(opened: RegistryAnswers) -> None:
        replies = [await opened.reply(SchemaById(number)) for number in (2, 3)]
        assert [reply.status for reply in replies] == [404, 404]
        assert replies[0].body == {"error_code": 40403, "message": "Schema 2 not found."}
        assert replies[1].body == {"error_code": 40403, "message": "Schema 3 not found."}

    told(registry, story)
    # Nor was the schema itself ever read.
    assert registry.asked["/schemas/ids/2"] == 0


def test_an_id_that_a_bank_shares_with_others_is_the_bank_s() -> None:
    registry = FakeRegistry()
    registry.subjects[RECORD] = [2, 1]

    async def story(opened: RegistryAnswers) -> None:
        assert (await opened.reply(SchemaById(1))).status == 200

    told(registry, story)


def test_what_never_changes_is_asked_once_and_told_while_the_registry_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "FRESH_S", 0.0)
    monkeypatch.setattr(answers, "AWAY_S", 0.0)
    registry = FakeRegistry()
    asked = (
        SchemaById(1),
        SubjectVersion(YINHE, 1),
        SubjectVersion(YINHE, None),
        BankSubjects(),
        SubjectVersions(YINHE),
    )

    async def story(opened: RegistryAnswers) -> None:
        before = [await opened.reply(question) for question in asked]
        registry.away = True
        assert [await opened.reply(question) for question in asked] == before
        assert "does not answer" in opened.problem
        never = await opened.reply(SchemaById(2))
        assert (never.status, never.body) == (
            503,
            {"error_code": 50003, "message": "The registry is away. Ask again in some seconds."},
        )
        registry.away = False
        assert (await opened.reply(SchemaById(2))).status == 404
        assert opened.problem == ""

    told(registry, story)
    assert registry.asked["/schemas/ids/1"] == 1
    assert registry.asked[f"/subjects/{YINHE}/versions/1"] == 1
    assert registry.asked[f"/subjects/{YINHE}/versions/latest"] > 1


def test_a_registry_that_does_not_answer_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "AWAY_S", 1.0)
    registry = FakeRegistry()
    registry.away = True

    async def story(opened: RegistryAnswers) -> None:
        for number in range(1, 20):
            assert (await opened.reply(SchemaById(number))).status == 503
        assert registry.asked.total() == 1
        registry.away = False
        await asyncio.sleep(1.1)
        assert (await opened.reply(SchemaById(1))).status == 200

    told(registry, story)


def test_what_may_change_is_asked_again_after_some_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = FakeRegistry()

    async def story(opened: RegistryAnswers) -> None:
        for _ in range(3):
            assert (await opened.reply(SubjectVersions(YINHE))).body == [1]
            assert (await opened.reply(SubjectVersion(YINHE, 2))).status == 404
        assert registry.asked.total() == 2
        registry.subjects[YINHE] = [1, 7]
        monkeypatch.setattr(answers, "FRESH_S", 0.0)
        assert (await opened.reply(SubjectVersions(YINHE))).body == [1, 2]
        assert (await opened.reply(SubjectVersion(YINHE, 2))).status == 200
        # A version brings the answer for its id.
        asked = registry.asked.total()
        assert (await opened.reply(SchemaById(7))).body == {"schema": registry.schema(7)}
        assert registry.asked.total() == asked

    told(registry, story)


def test_many_who_ask_the_same_ask_the_registry_once() -> None:
    registry = FakeRegistry()

    async def story(opened: RegistryAnswers) -> None:
        replies = await asyncio.gather(*(opened.reply(SchemaById(1)) for _ in range(50)))
        assert {reply.status for reply in replies} == {200}

    told(registry, story)
    # Four may ask at once before the first has its answer.
    assert registry.asked["/schemas/ids/1"] <= 4


@pytest.mark.attack(by="a stranger at the door", wants="its memory, by questions without number")
def test_what_is_not_there_fills_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "_MOST_UNKNOWN", 3)
    registry = FakeRegistry()

    async def story(opened: RegistryAnswers) -> None:
        for number in range(10, 20):
            await opened.reply(SchemaById(number))
        asked = registry.asked.total()
        await opened.reply(SchemaById(19))
        assert registry.asked.total() == asked
        await opened.reply(SchemaById(10))
        assert registry.asked.total() == asked + 1

    told(registry, story)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500, json={"error_code": 50001, "message": "x"}),
        httpx.Response(200, text="<html>a proxy</html>"),
        httpx.Response(200, json=None),
        httpx.Response(200, json=[None]),
        httpx.Response(200, json={"surprise": 1}),
        httpx.Response(404, text="nothing here"),
        httpx.Response(302, headers={"location": "http://elsewhere/"}, json={}),
    ],
)
def test_another_program_in_the_registry_s_place_is_a_registry_that_is_away(answer: httpx.Response) -> None:
    async def run() -> None:
        client = httpx.AsyncClient(base_url="http://registry", transport=httpx.MockTransport(lambda _: answer))
        opened = RegistryAnswers(client, PATHS)
        assert (await opened.reply(SubjectVersion(YINHE, 1))).status == 503
        assert opened.problem
        assert not any(kept.reply.status == 200 for kept in opened._known.values())
        await opened.close()

    asyncio.run(run())


def test_it_reads_ahead_so_that_the_registry_may_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "_READ_AHEAD_PAUSE_S", 0.0)
    monkeypatch.setattr(answers, "_RETRY_S", 0.01)
    monkeypatch.setattr(answers, "AWAY_S", 0.0)
    registry = FakeRegistry()
    registry.subjects = {YINHE: [1, 3], QINGHE: [1], RECORD: [2]}
    registry.away = True

    async def story(opened: RegistryAnswers) -> None:
        reading = asyncio.create_task(opened.read_ahead())
        await asyncio.sleep(0.05)
        before = opened.has_begun
        # It comes, and goes away again before all was read.
        registry.away, registry.lasts = False, 3
        await asyncio.sleep(0.1)
        assert (before, opened.has_begun, reading.done()) == (False, True, False)
        registry.lasts = math.inf
        await reading
        registry.away = True
        for number in (1, 3):
            assert (await opened.reply(SchemaById(number))).body == {"schema": registry.schema(number)}
        assert (await opened.reply(SubjectVersion(YINHE, 2))).status == 200
        assert (await opened.reply(SchemaById(2))).status == 503

    told(registry, story)
