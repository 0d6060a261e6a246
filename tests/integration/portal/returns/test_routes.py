"""Banks send back by their tokens, on the real broker: receipts and outcomes of their own consents, each batch once."""

from datetime import date, timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY

from bus import topics
from bus.avro.encoding import Encoder
from catalogue import wire
from catalogue.times import business_date
from portal.app import Portal
from portal.returns.schemas import ReceiptBody
from rules.release.consent.lifecycle import Consent, State
from rules.release.consent.terms import Disposal, Mode
from tests import kafka
from tests.builders.consents import SUBJECT
from tests.integration.portal.conftest import TOKEN
from tests.integration.portal.recipients.conftest import World

DAY = timedelta(days=1)
OPERATOR = {"Authorization": f"Bearer {TOKEN}"}


def receipt(world: World, consent: Consent, **changes: Any) -> dict[str, Any]:
    return {"consent": consent.terms.number, "kind": "DELETED", "on": today(world).isoformat(), **changes}


def retained(world: World, consent: Consent, until: date) -> dict[str, Any]:
    law = {"kind": "RETAINED", "law": "反洗钱法", "article": "第三十四条", "retained_until": until.isoformat()}
    return receipt(world, consent, **law)


def outcome(world: World, consent: Consent, kind: str = "APPLIED", **changes: Any) -> dict[str, Any]:
    said = {"consent": consent.terms.number, "subject": SUBJECT, "application": consent.terms.application}
    amount = {} if kind in ("SETTLED", "REJECTED") else {"amount": "500000.00"}
    return {**said, "kind": kind, "day": today(world).isoformat(), **amount, **changes}


def today(world: World) -> date:
    return business_date(world.clock())


def due(world: World, name: str = "yinhe", **query: str) -> list[tuple[str, str, bool]]:
    answer = world.get(name, "deletions", **query)
    assert answer.status_code == 200, answer.text
    return [(one["consent"], one["state"], one["overdue"]) for one in answer.json()]


def overdue(recipient: str = "yinhe") -> float | None:
    return REGISTRY.get_sample_value("credithub_deletions_overdue", {"recipient": recipient})


def test_a_deletion_is_due_until_its_receipt_comes(world: World) -> None:
    assert overdue() == 0
    open_one, ended, kept = (
        world.granted(mode=Mode.STREAM, disposal=disposal)
        for disposal in (Disposal.DELETE, Disposal.DELETE, Disposal.RETAIN_BY_LAW)
    )
    world.revoke(ended)
    world.revoke(kept)
    assert due(world) == [(one.terms.number, "DUE", False) for one in (ended, kept)]
    assert due(world, "qinghe") == []
    world.clock.ahead = 31 * DAY
    assert due(world, state="DUE") == [(one.terms.number, "DUE", True) for one in (ended, kept)]
    returns = world.recipients.services.returns
    returns.count()
    assert overdue() == 2
    until = today(world) + 3650 * DAY
    sent = world.send(
        "yinhe", "deletion-receipts", batch="B-1", receipts=[receipt(world, ended), retained(world, kept, until)]
    )
    assert (sent.status_code, sent.json()) == (200, {"batch": "B-1", "entries": 2, "repeated": False, "ended": []})
    assert due(world, state="DUE") == []
    assert due(world) == [(ended.terms.number, "DELETED", False), (kept.terms.number, "RETAINED", False)]
    returns.count()
    assert overdue() == 0
    # Whoever takes over knows it from the topic.
    returns.open()
    assert due(world)[0] == (ended.terms.number, "DELETED", False)
    world.clock.ahead += 3700 * DAY
    assert due(world, state="DUE")[0] == (kept.terms.number, "DUE", True)
    assert open_one.terms.number in [number for number, _, _ in due(world)]
    entry = next(one for one in world.audited() if one["act"] == "RECEIPT_TAKE")
    assert (entry["actor"], entry["outcome"]) == ("yinhe", "OK")
    assert set(entry["consents"]) == {ended.terms.number, kept.terms.number}


def test_a_batch_is_taken_once_and_as_a_whole(world: World) -> None:
    consent = world.granted(mode=Mode.QUERY)
    batch = {"batch": "B-1", "outcomes": [outcome(world, consent)]}
    first, again = (world.send("yinhe", "outcomes", **batch) for _ in range(2))
    assert (first.json()["repeated"], again.json()["repeated"]) == (False, True)
    other = world.send("yinhe", "outcomes", batch="B-1", outcomes=[outcome(world, consent, amount="1.00")])
    assert (other.status_code, other.json()["code"]) == (409, "BATCH_DIFFERS")
    bad = world.send(
        "yinhe", "outcomes", batch="B-2",
        outcomes=[outcome(world, consent), outcome(world, consent, "APPROVED", amount="五十万", rate="3.45")],
    )  # fmt: skip
    assert (bad.status_code, bad.json()["code"]) == (422, "BATCH_REFUSED")
    assert bad.headers["content-type"] == "application/problem+json"
    (error,) = bad.json()["errors"]
    assert (error["entry"], error["field"], error["name"]) == (2, "amount", "金额")
    assert error["detail"].startswith("第2条：")
    malformed = world.send("yinhe", "outcomes", batch="B-3", outcomes=[outcome(world, consent), {"kind": "LOST"}])
    assert malformed.status_code == 422
    assert {one["entry"] for one in malformed.json()["errors"]} == {2}
    doubled = world.send("yinhe", "outcomes", batch="B-4", outcomes=[outcome(world, consent)] * 2)
    assert doubled.json()["errors"][0]["entry"] == 2
    assert len(kafka.values(world.site.config, topics.OUTCOME)) == 1
    # Its number is another bank's, too.
    assert world.send("qinghe", "outcomes", **batch).json()["code"] == "BATCH_REFUSED"


def test_what_is_settled_or_rejected_ends_the_consent(world: World) -> None:
    settled, rejected = (world.granted(mode=Mode.STREAM, post_loan=True) for _ in range(2))
    sent = [outcome(world, settled, "SETTLED"), outcome(world, rejected, "REJECTED")]
    answer = world.send("yinhe", "outcomes", batch="B-1", outcomes=sent)
    assert set(answer.json()["ended"]) == {settled.terms.number, rejected.terms.number}
    for consent, reason in ((settled, "LOAN_SETTLED"), (rejected, "NOT_GRANTED")):
        now = world.office.consent(consent.terms.number)
        assert (now.state, now.reason) == (State.EXPIRED, reason)
    assert len(due(world, state="DUE")) == 2
    late = world.send("yinhe", "outcomes", batch="B-2", outcomes=[outcome(world, settled, "SETTLED")])
    assert (late.status_code, late.json()["ended"]) == (200, [])


def test_operators_see_sums_and_no_enterprise(world: World) -> None:
    consent, other = world.granted(mode=Mode.QUERY), world.granted(mode=Mode.QUERY, recipient="qinghe")
    said = [
        outcome(world, consent),
        outcome(world, consent, "DISBURSED", rate="3.45", first_loan=True),
        outcome(world, consent, "OVERDUE_30", amount="1000.00"),
    ]
    assert world.send("yinhe", "outcomes", batch="B-1", outcomes=said).status_code == 200
    assert world.send("qinghe", "outcomes", batch="B-1", outcomes=[outcome(world, other)]).status_code == 200
    answer = world.client.get("/v1/overview/outcomes", headers=OPERATOR)
    assert SUBJECT not in answer.text
    qinghe, yinhe = answer.json()
    assert (qinghe["recipient"], qinghe["counts"]) == ("qinghe", {"APPLIED": 1})
    assert yinhe["counts"] == {"APPLIED": 1, "DISBURSED": 1, "OVERDUE_30": 1}
    assert yinhe["amounts_cny"] == {"APPLIED": "500000.00", "DISBURSED": "500000.00", "OVERDUE_30": "1000.00"}
    assert yinhe["first_loans"] == 1


@pytest.mark.attack(by="a bank", wants="to end or report another bank's consent, or to learn of it")
def test_another_s_consent_is_as_none(world: World) -> None:
    foreign = world.granted(mode=Mode.STREAM, recipient="qinghe")
    world.revoke(foreign)
    details = []
    for number in (foreign.terms.number, "SQ-NONE"):
        own = {"consent": number}
        for path, body in (
            ("deletion-receipts", {"receipts": [receipt(world, foreign) | own]}),
            ("outcomes", {"outcomes": [outcome(world, foreign, "SETTLED") | own]}),
        ):
            answer = world.send("yinhe", path, batch=f"B-{path}", **body)
            assert answer.status_code == 422
            details.append(answer.json()["errors"])
    assert details[:2] == details[2:]
    assert due(world, "qinghe") == [(foreign.terms.number, "DUE", False)]
    assert kafka.values(world.site.config, topics.OUTCOME) == []


@pytest.mark.attack(by="an operator, a stranger or a bank's old token", wants="to write a receipt for a bank")
def test_nobody_but_the_bank_itself_writes_its_receipt(world: World) -> None:
    ended = world.granted(mode=Mode.STREAM)
    world.revoke(ended)
    body = {"batch": "B-1", "receipts": [receipt(world, ended)]}
    for headers in (OPERATOR, {}, {"Authorization": "Bearer forged"}):
        assert world.client.post("/v1/deletion-receipts", json=body, headers=headers).status_code == 401
    token = {"Authorization": f"Bearer {world.token('yinhe')}"}
    assert world.client.get("/v1/overview/deletions", headers=token).status_code == 401
    assert world.client.get("/v1/overview/outcomes", headers=token).status_code == 401
    assert due(world) == [(ended.terms.number, "DUE", False)]
    shown = world.client.get("/v1/overview/deletions", headers=OPERATOR).json()
    assert [(one["consent"], one["recipient"]) for one in shown] == [(ended.terms.number, "yinhe")]


@pytest.mark.attack(
    by="somebody who may write into outcome.v1", wants="a receipt or an outcome to count that nobody sent"
)
def test_a_forged_message_is_not_believed(world: World) -> None:
    ended = world.granted(mode=Mode.STREAM)
    world.revoke(ended)
    kept = world.granted(mode=Mode.STREAM)
    world.revoke(kept)
    world.send("yinhe", "deletion-receipts", batch="B-1", receipts=[receipt(world, kept)])
    ((message, value),) = kafka.messages(world.site.config, topics.OUTCOME)
    partition = message.partition()
    assert partition is not None
    encode = Encoder(world.site.registry, topics.OUTCOME, wire.RETURNED)
    forged = encode({**value, "consent": ended.terms.number, "batch": "B-2"})
    raw = message.value() or b""
    kafka.send(
        world.site.config, topics.OUTCOME, [(message.key(), one) for one in (forged, b"nothing")], partition=partition
    )
    # In another partition the same message is not its subject's.
    kafka.send(world.site.config, topics.OUTCOME, [(message.key(), raw)], partition=1 - partition)
    poison = {"stage": "portal", "topic": topics.OUTCOME, "outcome": "poison"}
    before = REGISTRY.get_sample_value("credithub_event_outcomes_total", poison) or 0
    world.recipients.services.returns.open()
    assert REGISTRY.get_sample_value("credithub_event_outcomes_total", poison) == before + 3
    assert due(world, state="DUE") == [(ended.terms.number, "DUE", False)]


def test_a_desk_that_another_one_took_over_takes_nothing_more(world: World, portal: Portal) -> None:
    ended = world.granted(mode=Mode.STREAM)
    world.revoke(ended)
    successor = world.site.returns(portal)
    successor.open()
    sent = {"batch": "B-1", "receipts": [receipt(world, ended)]}
    answer = world.send("yinhe", "deletion-receipts", **sent)
    assert (answer.status_code, answer.json()["code"]) == (503, "UNAVAILABLE")
    assert world.recipients.services.returns.lost
    # The same again is taken by the successor.
    successor.take_receipts("yinhe", "B-1", [ReceiptBody.model_validate(sent["receipts"][0]).sent()])
    assert len(kafka.values(world.site.config, topics.OUTCOME)) == 1
