"""What banks are answered, by the real portal: asked, answered unseen, seen, pulled, and stopped at once."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from rules.release.consent.terms import Mode
from rules.release.recipients import Portfolio
from tests.builders.consents import SUBJECT
from tests.integration.portal.recipients.conftest import REPORT, SECRET, STATED, TAX, World

ANOTHER = "91630100MA7540002X"


def test_a_question_is_answered_by_consent_and_by_nothing_else(world: World) -> None:
    world.value(tax_paid_12m=SECRET)
    refused = world.verify("yinhe", "tax_paid_12m >= 100000")
    assert (refused.status_code, refused.json()["code"]) == (403, "NO_CONSENT")
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["items"] == [{"item": TAX, "code": "NO_CONSENT"}]
    consent = world.granted(mode=Mode.QUERY)
    for question, answer in (
        ("tax_paid_12m >= 100000", "TRUE"),
        ("tax_paid_12m<100000", "FALSE"),
        ("tax_paid_12m >= 100000 and tax_paid_12m < 500000", "TRUE"),
        ("tax_paid_12m >= 100000 and tax_paid_3m >= 5000", "INSUFFICIENT"),
        ("tax_paid_12m < 100000 and tax_paid_3m >= 5000", "FALSE"),
    ):
        found = world.verify("yinhe", question)
        assert (found.status_code, found.json()["answer"]) == (200, answer), found.text
        assert found.json()["consents"] == [consent.terms.number]
        assert str(SECRET) not in found.text
    # Another bank has no consent, and the same bank none for another end.
    assert world.verify("qinghe", "tax_paid_12m >= 100000").json()["code"] == "NO_CONSENT"
    other = world.verify("yinhe", "tax_paid_12m >= 100000", purpose="GUARANTEE")
    assert other.json()["code"] == "PURPOSE_MISMATCH"
    assert world.verify("yinhe", "tax_paid_12m >= 100000", use="POST_LOAN").json()["code"] == "PURPOSE_MISMATCH"
    world.revoke(consent)
    assert world.verify("yinhe", "tax_paid_12m >= 100000").json()["code"] == "CONSENT_REVOKED"
    said = [(one["actor"], one["act"], one["outcome"]) for one in world.audited() if one["act"] == "QUESTION_ANSWER"]
    assert said[0] == ("yinhe", "QUESTION_ANSWER", "NO_CONSENT")
    assert [outcome for _, _, outcome in said] == [
        "NO_CONSENT", *["OK"] * 5, "NO_CONSENT", "PURPOSE_MISMATCH", "PURPOSE_MISMATCH", "CONSENT_REVOKED",
    ]  # fmt: skip
    answered = next(one for one in world.audited() if one["outcome"] == "OK" and one["act"] == "QUESTION_ANSWER")
    assert (answered["subject"], answered["consents"]) == (SUBJECT, [consent.terms.number])
    assert answered["purpose"] == "LOAN_APPLICATION"


def test_public_indicators_are_answered_to_whoever_is_told_of_the_enterprise(world: World) -> None:
    world.value(item="administration.penalty", penalties_36m=Decimal(2))
    assert world.verify("yinhe", "penalties_36m >= 2").json()["answer"] == "TRUE"
    assert world.verify("yinhe", "penalties_36m < 1").json()["answer"] == "FALSE"
    world.define("yinhe", Portfolio(is_list=True))
    assert world.verify("yinhe", "penalties_36m >= 2").json()["code"] == "NOT_SUBSCRIBED"


def test_the_view_shows_what_is_released_and_says_why_not_the_rest(world: World) -> None:
    world.pay("t1", "t2")
    world.pay("r1", item=REPORT, registration_authority="虚构登记机关", employee_count=7, is_published=False)

    def seen(**query: Any) -> dict[str, Any]:
        answer = world.get("yinhe", f"subjects/{SUBJECT}", **STATED, **query)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    first = seen()
    by_item = {one["item"]: one for one in first["items"]}
    assert by_item[TAX] == {"item": TAX, "is_shown": False, "code": "NO_CONSENT", "consents": []}
    assert by_item["other.marriage"]["code"] == "PERSONAL"
    assert [one["item"] for one in first["records"]] == [REPORT]
    assert first["records"][0]["data"]["registration_authority"] == "虚构登记机关"
    assert "employee_count" not in first["records"][0]["data"]
    assert {one["field"]: one["code"] for one in first["records"][0]["withheld"]}["employee_count"] == "UNPUBLISHED"
    query = world.granted(mode=Mode.QUERY)
    assert {one["item"]: one["code"] for one in seen()["items"]}[TAX] == "NO_CONSENT"
    world.revoke(query)
    consent = world.granted(mode=Mode.VIEW)
    whole = seen()
    assert {one["item"]: one for one in whole["items"]}[TAX] == {
        "item": TAX, "is_shown": True, "code": None, "consents": [consent.terms.number],
    }  # fmt: skip
    paid = [one for one in whole["records"] if one["item"] == TAX]
    assert [one["data"]["tax_amount"] for one in paid] == ["120", "120"]
    # Page by page it is the same.
    pages, cursor = [], None
    while True:
        page = seen(limit=1, **({"cursor": cursor} if cursor else {}))
        pages += page["records"]
        cursor = page["cursor"]
        if cursor is None:
            break
    assert pages == whole["records"]
    world.revoke(consent)
    assert [one["item"] for one in seen()["records"]] == [REPORT]


def test_who_is_told_nothing_of_an_enterprise_is_shown_an_empty_view(world: World) -> None:
    world.pay("t1")
    world.granted(mode=Mode.VIEW)
    world.define("yinhe", Portfolio(is_list=True))
    answer = world.get("yinhe", f"subjects/{SUBJECT}", **STATED)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["records"], answer.json()["subject_name"]) == ([], None)
    assert {one["code"] for one in answer.json()["items"]} == {"NOT_SUBSCRIBED", "PERSONAL"}


def test_whoever_is_unknown_looks_like_whoever_has_nothing(world: World) -> None:
    world.pay("t1")
    for subject in (SUBJECT, ANOTHER):
        view = world.get("yinhe", f"subjects/{subject}", **STATED).json()
        assert (view["records"], view["subject_name"], view["indicators"]) == ([], None, {})
        assert world.verify("yinhe", "tax_paid_12m >= 100000", subject=subject).json()["code"] == "NO_CONSENT"


def test_what_is_pulled_is_what_was_released_and_is_still_in_force(world: World) -> None:
    consent = world.granted()
    world.pay("t1")
    world.pay("r1", item=REPORT, registration_authority="虚构登记机关")
    world.release()
    first = world.get("yinhe", "changes").json()
    # The release tells it in sequence; the same, in two halves.
    kinds = [(one["type"].rpartition(".")[2], one["item"], one["op"]) for one in first["messages"]]
    assert kinds[0][0] == "Scope"
    assert {item for _, item, _ in kinds[1:]} == {TAX, REPORT}
    assert [one["sequence"] for one in first["messages"]] == list(range(1, len(kinds) + 1))
    paid = next(one for one in first["messages"] if one["item"] == TAX)
    assert (paid["redacted"], paid["content"]["data"]["tax_amount"]) == (None, "120")
    assert paid["consents"] == [consent.terms.number]
    assert first["is_end"]
    assert world.get("yinhe", "changes", cursor=first["cursor"]).json()["messages"] == []
    halves, cursor = [], None
    while True:
        part = world.get("yinhe", "changes", limit=1, **({"cursor": cursor} if cursor else {})).json()
        halves += part["messages"]
        cursor = part["cursor"]
        if part["is_end"]:
            break
    assert sorted(halves, key=lambda one: one["sequence"]) == first["messages"]
    # Before the release has told the end, what was told by the consent is gone from here.
    world.revoke(consent)
    again = world.get("yinhe", "changes").json()
    gone = next(one for one in again["messages"] if one["item"] == TAX)
    assert (gone["redacted"], gone["content"], gone["subject_name"]) == ("CONSENT_REVOKED", None, None)
    assert gone["sequence"] == paid["sequence"]
    kept = next(one for one in again["messages"] if one["item"] == REPORT)
    assert kept["redacted"] is None
    assert kept["content"]["data"]
    world.release()
    behind = world.get("yinhe", "changes", cursor=first["cursor"]).json()["messages"]
    assert [(one["op"], one["redacted"]) for one in behind if one["item"] == TAX] == [("WITHDRAW", None)]
    assert world.get("qinghe", "changes").json()["messages"][0]["redacted"] is None
    world.define("yinhe", Portfolio(is_list=True))
    told = world.get("yinhe", "changes").json()["messages"]
    assert {one["redacted"] for one in told if one["op"] != "WITHDRAW"} == {"NOT_SUBSCRIBED", "CONSENT_REVOKED"} or {
        one["redacted"] for one in told if one["op"] != "WITHDRAW"
    } == {"NOT_SUBSCRIBED"}


def test_the_answer_follows_the_moment(world: World) -> None:
    now = world.clock()
    world.value(tax_paid_12m=SECRET)
    world.granted(mode=Mode.QUERY, end=now + timedelta(minutes=2))
    assert world.verify("yinhe", "tax_paid_12m >= 100000").json()["answer"] == "TRUE"
    token = world.token("yinhe")
    world.clock.ahead = timedelta(minutes=3)
    body = {"subject": SUBJECT, **STATED, "question": "tax_paid_12m >= 100000"}
    late = world.client.post("/v1/verify", json=body, headers={"Authorization": f"Bearer {token}"})
    assert late.json()["code"] == "CONSENT_EXPIRED"


def test_bands_and_cards_are_told(world: World) -> None:
    found = world.get("yinhe", "bands").json()
    by_id = {one["id"]: one for one in found["indicators"]}
    assert by_id["tax_paid_12m"]["needs_consent"]
    assert "100000" in by_id["tax_paid_12m"]["limits"]
    assert by_id["penalties_36m"]["limits"] is None
    assert found["cards"] == []
