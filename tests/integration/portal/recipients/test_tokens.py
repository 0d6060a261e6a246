"""Tokens: who has the key gets one, once for each assertion, and it dies with its key and its recipient."""

from datetime import timedelta

import pytest

from portal.recipients.tokens import TOKEN_S
from sinks.banks.recording import publish_recipients
from tests.builders.client_keys import ISSUER, ClientKey, claims
from tests.integration.portal.conftest import TOKEN
from tests.integration.portal.recipients.conftest import World
from tests.waiting import until


def _bands(world: World, token: str) -> int:
    return world.client.get("/v1/bands", headers={"Authorization": f"Bearer {token}"}).status_code


def test_a_token_lasts_five_minutes(world: World) -> None:
    answer = world.ask_for_token(world.assertion("yinhe"))
    assert answer.json() | {"access_token": ""} == {"access_token": "", "token_type": "Bearer", "expires_in": TOKEN_S}
    assert answer.headers["cache-control"] == "no-store"
    token = answer.json()["access_token"]
    assert _bands(world, token) == 200
    world.clock.ahead = timedelta(seconds=TOKEN_S - 10)
    assert _bands(world, token) == 200
    world.clock.ahead = timedelta(seconds=TOKEN_S + 1)
    assert _bands(world, token) == 401


def test_what_is_asked_for_wrongly_is_told_as_rfc_6749_says(world: World) -> None:
    assert world.ask_for_token("x").json()["error"] == "invalid_client"
    wrong = world.ask_for_token(world.assertion("yinhe"), grant_type="password")
    assert (wrong.status_code, wrong.json()["error"]) == (400, "unsupported_grant_type")
    kind = world.ask_for_token(world.assertion("yinhe"), client_assertion_type="none")
    assert (kind.status_code, kind.json()["error"]) == (400, "invalid_request")
    for body in (b"", b"\xff", b"a=1&a=2", b"no pairs", b"&".join([b"a=1"] * 50)):
        answer = world.client.post("/v1/token", content=body)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert world.ask_for_token(world.assertion("yinhe"), client_id="qinghe").json()["error"] == "invalid_client"


@pytest.mark.attack(by="who overheard an assertion", wants="a token of the bank, by showing it once more")
def test_an_assertion_that_is_shown_twice(world: World) -> None:
    seen = world.assertion("yinhe")
    assert world.ask_for_token(seen).status_code == 200
    again = world.ask_for_token(seen)
    assert (again.status_code, again.json()["error"]) == (401, "invalid_client")
    # Another assertion with the number of one that was used is the same to the hub.
    assert world.ask_for_token(world.assertion("yinhe", jti="0123456789abcdef")).status_code == 200
    assert world.ask_for_token(world.assertion("yinhe", jti="0123456789abcdef")).status_code == 401
    refused = [one for one in world.audited() if one["act"] == "TOKEN_ISSUE" and one["outcome"] != "OK"]
    assert [(one["actor_kind"], one["actor"], one["outcome"]) for one in refused] == [
        ("STRANGER", "yinhe", "UNAUTHENTICATED")
    ] * 2


@pytest.mark.attack(
    by="who found an old assertion", wants="a token by one that is over, not yet, too long, or without end"
)
def test_an_assertion_out_of_its_time(world: World) -> None:
    now = claims("yinhe")["iat"]
    for wrong in (
        {"exp": now - 1},
        {"iat": now - 400, "exp": now - 100},
        {"iat": now - 301, "exp": now + 60},
        {"exp": now + TOKEN_S + 60},
        {"iat": now + 3600, "exp": now + 3700},
        {"nbf": now + 3600},
        {"iat": now - 250, "exp": now + 40},
        {"iat": None},
        {"exp": None},
        {"exp": "soon"},
        {"exp": True},
        {"exp": 1e18},
        {"jti": None},
        {"jti": "short"},
        {"jti": "x" * 200},
        {"jti": {"$ne": ""}},
    ):
        assert world.ask_for_token(world.assertion("yinhe", **wrong)).status_code == 401, wrong


@pytest.mark.attack(by="a bank", wants="a token of another bank, or one by an assertion that is meant for another hub")
def test_an_assertion_for_somebody_else(world: World) -> None:
    for wrong in (
        {"iss": "qinghe"},
        {"iss": "qinghe", "sub": "qinghe"},
        {"sub": "qinghe"},
        {"sub": "nobody", "iss": "nobody"},
        {"sub": ["yinhe"]},
        {"aud": "urn:credithub:630200"},
        {"aud": [ISSUER, "https://elsewhere.example"]},
        {"aud": None},
    ):
        assert world.ask_for_token(world.assertion("yinhe", **wrong)).status_code == 401, wrong
    assert world.ask_for_token(world.assertion("yinhe", aud=[ISSUER])).status_code == 200


@pytest.mark.attack(by="a recipient", wants="to act as an operator, by its own token")
def test_a_recipient_s_token_at_the_operators_door(world: World) -> None:
    carried = {"Authorization": f"Bearer {world.token('yinhe')}"}
    for method, path in (
        ("GET", "/v1/consents"),
        ("POST", "/v1/consents"),
        ("GET", "/v1/consents/SQ-1"),
        ("POST", "/v1/consents/SQ-1/grant"),
        ("GET", "/v1/subjects/91630102MAX000015H/scope"),
        ("GET", "/v1/changes/"),
        ("GET", "/v1//changes"),
        ("GET", "/v1/subjects/a/b"),
    ):
        answer = world.client.request(method, path, headers=carried, follow_redirects=False)
        assert answer.status_code == 401, path


def test_both_may_keep_anchors(world: World) -> None:
    for token in (TOKEN, world.token("yinhe")):
        answer = world.client.get("/v1/anchors", headers={"Authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.json()["detail"]) == (404, "还没有签署过审计锚点")
    assert world.client.get("/v1/anchors").status_code == 401
    kinds = [one["actor_kind"] for one in world.audited() if one["act"] == "ANCHOR_SHOW"]
    assert kinds == ["OPERATOR", "RECIPIENT"]


@pytest.mark.attack(by="an operator", wants="to ask as a bank, by the operators' token")
def test_the_operators_token_at_a_recipient_s_door(world: World) -> None:
    carried = {"Authorization": f"Bearer {TOKEN}"}
    for method, path in (
        ("GET", "/v1/changes"),
        ("GET", "/v1/bands"),
        ("GET", "/v1/subjects/91630102MAX000015H"),
        ("POST", "/v1/verify"),
        ("POST", "/v1/score"),
    ):
        answer = world.client.request(method, path, headers=carried)
        assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHENTICATED"), path
        assert "invalid_token" in answer.headers["www-authenticate"]


@pytest.mark.attack(by="who has something else that the hub signed", wants="it to be taken for a token")
def test_another_signature_of_the_hub_is_no_token(world: World) -> None:
    consent = world.granted()
    (_, artefact) = world.office.artefacts(consent.terms.number)
    assert _bands(world, artefact) == 401
    signer = world.site.signing.signer
    said = b'{"iss":"urn:credithub:630100","aud":"urn:credithub:630100","sub":"yinhe","role":"recipient"}'
    assert _bands(world, signer.sign(said, "consent+jwt")) == 401
    for text in ("", "a.b.c", "Bearer", world.token("yinhe")[:-4], world.assertion("yinhe")):
        assert _bands(world, text) == 401


@pytest.mark.attack(
    by="who stole a bank's key, or was a recipient", wants="tokens to go on after the key, or the bank, is gone"
)
def test_a_token_dies_with_its_key_and_its_recipient(world: World) -> None:
    token, former = world.token("yinhe"), world.keys["yinhe"]
    assert _bands(world, token) == 200
    world.keys["yinhe"] = ClientKey.p256()
    world.define("yinhe")
    assert _bands(world, token) == 401
    stolen = former.signed(world.keys["yinhe"].public.kid.encode())
    assert world.ask_for_token(stolen).status_code == 401
    fresh = world.token("yinhe")
    assert _bands(world, fresh) == 200
    publish_recipients(world.site.config, "test", [], ["yinhe"])
    until(lambda: world.recipients.services.desk.directory.recipient("yinhe") is None)
    assert _bands(world, fresh) == 401
    assert world.ask_for_token(world.assertion("yinhe")).status_code == 401
