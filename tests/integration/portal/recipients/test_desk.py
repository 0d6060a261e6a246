"""Questions and scores: bounded by bands and by the day, and a refusal has looked at nothing."""

import json
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from typing import Any

import psycopg2
import pytest
from prometheus_client import REGISTRY

from bus import topics
from bus.avro.decoding import Decoder
from catalogue.times import business_date
from portal.recipients.asked_today import count_asked_today
from portal.recipients.budget import QuestionBudget
from portal.recipients.cards import publish_card, published_cards
from rules.release.consent.terms import Mode
from rules.release.scorecards import read_card
from tests import kafka
from tests.builders.consents import SUBJECT
from tests.integration.portal.recipients.conftest import QUESTIONS_A_DAY, SECRET, World
from tests.waiting import until

ASKED = "tax_paid_12m >= 100000"
CARD = {
    "id": "sme2026",
    "zh": "样例小微评分卡",
    "base": 500,
    "variables": [
        {
            "indicator": "tax_paid_12m",
            "bins": [{"below": 100000, "points": -20}, {"below": 500000, "points": 10.5}, {"points": 30}],
        }
    ],
}


def _register(world: World, recipient: str, **changes: Any) -> int:
    version = publish_card(world.site.config, "test", recipient, read_card(json.dumps(CARD | changes)))
    assert version is not None
    until(lambda: world.recipients.services.desk.directory.card(recipient, version.card.id) == version)
    return version.version


def _score(world: World, name: str, card: str = "sme2026") -> Any:
    return world.post(name, "score", card=card)


def test_a_card_scores_for_whom_it_was_registered(world: World) -> None:
    assert _register(world, "yinhe") == 1
    assert (_score(world, "yinhe").status_code, _score(world, "yinhe").json()["code"]) == (403, "NO_CONSENT")
    world.granted(mode=Mode.QUERY)
    assert _score(world, "yinhe").json()["score"] is None
    world.value(tax_paid_12m=SECRET)
    found = _score(world, "yinhe").json()
    assert (found["score"], found["card"], found["card_version"]) == ("510.5", "sme2026", 1)
    assert _register(world, "yinhe", base=600) == 2
    assert _score(world, "yinhe").json() | {"answered_at": ""} == {
        "score": "610.5", "card": "sme2026", "card_version": 2, "consents": found["consents"], "answered_at": "",
    }  # fmt: skip
    assert (_score(world, "qinghe").status_code, _score(world, "qinghe").json()["code"]) == (404, "NO_SUCH_CARD")
    assert world.get("yinhe", "bands").json()["cards"] == ["sme2026"]
    card = read_card(json.dumps(CARD | {"base": 600}))
    assert publish_card(world.site.config, "test", "yinhe", card) is None
    removed = publish_card(world.site.config, "test", "yinhe", card, is_removed=True)
    assert removed is not None
    until(lambda: world.recipients.services.desk.directory.card("yinhe", "sme2026") is None)
    assert _score(world, "yinhe").json()["code"] == "NO_SUCH_CARD"
    with closing(world.site.registry):
        kept = published_cards(world.site.config, world.site.registry)
    assert kept["yinhe", "sme2026"].version == removed.version == 3


def test_what_cannot_be_read_in_the_topics_changes_nothing(world: World) -> None:
    assert _register(world, "yinhe") == 1
    kafka.send(world.site.config, topics.SCORECARD, [("yinhe\0sme2026", b"\x00nothing")])
    labels = {"stage": "portal", "topic": topics.SCORECARD, "outcome": "poison"}
    until(lambda: REGISTRY.get_sample_value("credithub_event_outcomes_total", labels) or 0)
    assert _register(world, "yinhe", base=1) == 2


@pytest.mark.attack(by="a bank", wants="an answer with a part of what it asked, silently without the rest")
def test_one_item_without_a_right_refuses_the_whole(world: World) -> None:
    world.granted(mode=Mode.QUERY)
    world.value(tax_paid_12m=SECRET)
    refused = world.verify("yinhe", f"{ASKED} and water_paid_12m >= 1 and penalties_36m < 1")
    if refused.status_code == 422:
        refused = world.verify("yinhe", f"{ASKED} and balance_assets_total >= 1000000")
    assert refused.status_code in (403, 422)
    mixed = world.verify("yinhe", f"{ASKED} and pension_insured_latest >= 10")
    assert mixed.status_code == 403, mixed.text
    assert [one["item"] for one in mixed.json()["items"]] == ["social_insurance.payment"]
    assert "answer" not in mixed.json()


@pytest.mark.attack(by="a bank that asks without end", wants="to watch an enterprise, question by question")
def test_a_bank_that_asks_too_often(world: World) -> None:
    world.granted(mode=Mode.QUERY)
    world.value(tax_paid_12m=SECRET)
    own = [world.verify("yinhe", ASKED) for _ in range(QUESTIONS_A_DAY // 2)]
    assert {one.status_code for one in own} == {200}
    refused = world.verify("yinhe", ASKED)
    assert (refused.status_code, refused.json()["code"]) == (429, "FREQUENCY_EXCEEDED")
    assert 0 < int(refused.headers["retry-after"]) <= 24 * 3600 + 1
    # A restart brings no new budget: it is counted again from the audit log.
    again = QuestionBudget(QUESTIONS_A_DAY)
    count_asked_today(world.site.config, Decoder(world.site.registry), again, world.clock())
    assert not again.takes("yinhe", SUBJECT, business_date(world.clock()))
    assert again.takes("qinghe", SUBJECT, business_date(world.clock()))
    world.clock.ahead = timedelta(days=1)
    assert world.verify("yinhe", ASKED).status_code == 200
    said = [one["outcome"] for one in world.audited() if one["act"] == "QUESTION_ANSWER"]
    assert said == ["OK"] * (QUESTIONS_A_DAY // 2) + ["FREQUENCY_EXCEEDED", "OK"]


@pytest.mark.attack(by="two banks that ask in turns", wants="more questions together than either has")
def test_banks_have_one_budget_together(world: World) -> None:
    for name in ("yinhe", "qinghe"):
        world.granted(mode=Mode.QUERY, recipient=name)
    counts = {"yinhe": 0, "qinghe": 0}
    for _ in range(QUESTIONS_A_DAY):
        for name in counts:
            counts[name] += world.verify(name, ASKED).status_code == 200
    assert sum(counts.values()) == QUESTIONS_A_DAY


@pytest.mark.attack(by="who measures the time of answers", wants="to hear whether there are records, though refused")
def test_a_refusal_has_looked_at_nothing(world: World) -> None:
    world.value(tax_paid_12m=SECRET)
    world.pay("t1")
    token = world.token("yinhe")
    with psycopg2.connect(world.dsn) as locking, locking.cursor() as cursor:
        # Whoever would look now waits.
        cursor.execute("lock table credit_indicator, credit_record, credit_state in access exclusive mode")
        body = {"subject": SUBJECT, "purpose": "LOAN", "use": "APPLICATION", "question": ASKED}
        refused = world.client.post("/v1/verify", json=body, headers={"Authorization": f"Bearer {token}"})
        assert refused.json()["code"] == "NO_CONSENT"
    locking.close()


@pytest.mark.attack(by="a bank that asks", wants="a statement of SQL, a code that is none, or a body that is a bomb")
def test_bodies_that_are_no_questions(world: World) -> None:
    world.granted(mode=Mode.QUERY)
    for wrong in (
        {"question": f"{ASKED}; drop table credit_record"},
        {"question": f"{ASKED}' or '1'='1"},
        {"question": {"$gt": ""}},
        {"question": ["tax_paid_12m"]},
        {"question": "x" * 10_000},
        {"question": ASKED, "subject": "91630102MAX000015H' or '1'='1"},
        {"question": ASKED, "subject": "%"},
        {"question": ASKED, "subject": "person:00ff"},
        {"question": ASKED, "subject": "630102199003071411"},
        {"question": ASKED, "purpose": "ANY"},
        {"question": ASKED, "use": None},
        {"question": ASKED, "mode": "STREAM"},
        {"question": ASKED, "recipient": "qinghe"},
    ):
        answer = world.post("yinhe", "verify", **wrong)
        assert answer.status_code == 422, answer.text
        assert "credit_" not in answer.text
    carried = {"Authorization": f"Bearer {world.token('yinhe')}", "Content-Type": "application/json"}
    for bomb in (b"[" * 60_000, b'{"a":' * 10_000, b"\xff" * 100, b"9" * 60_000, b'"' + b"\\u0000" * 5000 + b'"'):
        answer = world.client.post("/v1/verify", content=bomb, headers=carried)
        assert answer.status_code in (400, 422), answer.text
    assert world.client.post("/v1/verify", content=b" " * 70_000, headers=carried).status_code == 413


def test_every_answer_is_counted_from_nothing(world: World) -> None:
    def count(asked: str, code: str) -> float | None:
        return REGISTRY.get_sample_value("credithub_recipient_answers_total", {"asked": asked, "code": code})

    before = count("verify", "NO_CONSENT"), count("verify", "OK"), count("changes", "UNAUTHENTICATED")
    assert None not in before
    assert count("score", "FREQUENCY_EXCEEDED") is not None
    world.verify("yinhe", ASKED)
    world.client.get("/v1/changes")
    assert count("verify", "NO_CONSENT") == (before[0] or 0) + 1
    assert count("changes", "UNAUTHENTICATED") == (before[2] or 0) + 1
    assert world.verify("yinhe", "penalties_36m >= 1").json()["answer"] == "INSUFFICIENT"
    assert count("verify", "OK") == (before[1] or 0) + 1


def test_an_amount_is_told_by_its_band_alone(world: World) -> None:
    world.granted(mode=Mode.QUERY)
    limits = [10000, 50000, 100000, 500000, 1000000]
    answers = []
    for amount in ("100000", "123456.78", "499999.99"):
        with psycopg2.connect(world.dsn) as opened, opened.cursor() as cursor:
            cursor.execute("delete from credit_indicator")
        opened.close()
        world.value(tax_paid_12m=Decimal(amount))
        questions = " and ".join(f"tax_paid_12m {op} {limit}" for op, limit in ((">=", limits[2]), ("<", limits[3])))
        answers.append(world.verify("yinhe", questions).json()["answer"])
    assert answers == ["TRUE"] * 3
