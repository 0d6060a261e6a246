"""The portal over HTTP, on the real broker: lives of consents, answers in Chinese, and nobody without the token."""

from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from bus.crypto.signing import Ed25519Verifier
from hub.consent_verification import NotGenuine, verified, verified_file
from portal.app import Portal
from portal.evidence import MOST_BYTES
from rules.release.consent.lifecycle import State
from tests.builders.consents import MOMENT, SUBJECT
from tests.integration.portal.conftest import PDF, TOKEN, Site

ASKED: dict[str, Any] = {
    "actor": "op-1", "subject": SUBJECT, "enterprise": "青海虚构样例有限公司", "template_version": "2026-1",
    "template_hash": "a" * 64, "recipient": "yinhe", "items": ["纳税信息"], "mode": "STREAM", "application": "DK-1",
}  # fmt: skip


def _posted(client: TestClient, path: str, status: int, **body: Any) -> dict[str, Any]:
    answer = client.post(f"/v1/consents{path}", json={"actor": "op-1", **body})
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_consent_is_asked_granted_shown_revoked_and_verified(client: TestClient, site: Site, tmp_path: Path) -> None:
    number = _posted(client, "", 201, **ASKED)["number"]
    evidence = client.post("/v1/evidence", content=PDF).json()["sha256"]
    signing = {"representative": "虚构甲", "evidence": evidence}
    granted = _posted(client, f"/{number}/grant", 200, signing=signing)
    assert (granted["state"], granted["in_force"], granted["uses"]) == ("ACTIVE", True, ["APPLICATION"])
    assert client.get(f"/v1/consents/{number}").json()["evidence"] == evidence
    assert client.get(f"/v1/evidence/{evidence}").content == PDF
    scope = client.get(f"/v1/subjects/{SUBJECT}/scope").json()
    assert {one["mode"] for one in scope["permissions"] if one["refusal"] is None} == {
        "QUERY",
        "VIEW",
        "STORE",
        "STREAM",
    }
    assert [one["number"] for one in client.get("/v1/consents", params={"state": "ACTIVE"}).json()] == [number]
    assert client.get("/v1/consents", params={"recipient": "else"}).json() == []
    assert _posted(client, f"/{number}/revoke", 200)["in_force"] is False
    again = _posted(client, f"/{number}/revoke", 409)
    assert "已撤回" in again["detail"]
    artefacts = client.get(f"/v1/consents/{number}/artefacts").json()
    verifier = Ed25519Verifier(site.signing.public)
    file = tmp_path / "consent.jws"
    file.write_text("\n".join(artefacts), "utf-8")
    found = verified_file(file, verifier, MOMENT)
    assert (found.consent.state, found.consent.version, found.in_force) == (State.REVOKED, 3, False)
    for wrong in (
        artefacts[1:],
        [artefacts[0], artefacts[2]],
        [*artefacts, artefacts[1]],
        [artefacts[0][:-8] + "AAAAAAAA"],
    ):
        with pytest.raises(NotGenuine):
            verified(wrong, verifier, MOMENT)
    assert "虚构甲" not in str(client.get(f"/v1/consents/{number}").json())


def test_what_is_filled_in_wrongly_is_named_in_the_words_of_the_form(client: TestClient) -> None:
    for field, name, changes in (
        ("items", "授权的信息项", {"items": ["27"]}),
        ("recipient", "被授权机构", {"recipient": "else"}),
        ("mode", "授权方式", {"mode": "STEAL"}),
        ("subject", "统一社会信用代码", {"subject": "1"}),
        ("until", "截止日", {"until": "soon"}),
    ):
        found = _posted(client, "", 422, **{**ASKED, **changes})
        assert (field, name) in [(one["field"], one["name"]) for one in found["errors"]], found
    missing = {name: value for name, value in ASKED.items() if name != "enterprise"}
    assert "企业名称" in _posted(client, "", 422, **missing)["detail"]
    assert "不认识" in _posted(client, "", 422, **ASKED, password="x")["detail"]


@pytest.mark.attack(by="an operator's mistyped form", wants="a person's name or number in an answer or a log")
def test_no_answer_repeats_who_signed(client: TestClient) -> None:
    number = _posted(client, "", 201, **ASKED)["number"]
    wrong = {"representative": "虚构金丝雀" * 20, "agent_id_number": "630102199003071411", "evidence": "0" * 64}
    answer = client.post(f"/v1/consents/{number}/grant", json={"actor": "op-1", "signing": wrong})
    assert answer.status_code == 422
    assert "金丝雀" not in answer.text
    assert "63010219" not in answer.text


def test_what_is_not_there_or_cannot_be_is_told(client: TestClient, portal: Portal) -> None:
    assert client.get("/v1/consents/SQ-0").status_code == 404
    assert client.post("/v1/consents/SQ-0/grant", json={"actor": "op-1"}).status_code == 404
    number = _posted(client, "", 201, **ASKED)["number"]
    assert client.post(f"/v1/consents/{number}/seize", json={"actor": "op-1"}).status_code == 404
    assert _posted(client, f"/{number}/grant", 409)["title"] == "不能这样办理"
    assert client.get("/health").json() == {"status": "ok"}
    portal.opened = None
    answer = client.get(f"/v1/consents/{number}")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.attack(by="another account of the machine", wants="to give or withdraw a consent without the token")
@pytest.mark.parametrize("given", ["", "Bearer wrong", TOKEN, f"Basic {TOKEN}"])
def test_nobody_gets_in_without_the_token(client: TestClient, given: str) -> None:
    for method, path in (("POST", "/v1/consents"), ("GET", "/v1/consents"), ("POST", "/v1/evidence"), ("GET", "/docs")):
        answer = client.request(method, path, headers={"Authorization": given}, content=b"x" * 100)
        assert answer.status_code == 401


@pytest.mark.attack(by="a careless or hostile operator", wants="the portal's memory or disk")
def test_bodies_have_a_size(client: TestClient) -> None:
    assert client.post("/v1/consents", json={**ASKED, "enterprise": "企" * 100_000}).status_code == 413
    assert client.post("/v1/consents", content=iter([b"{}"])).status_code == 413
    assert client.post("/v1/evidence", content=b"%PDF-" + b"x" * MOST_BYTES).status_code == 413
    assert client.post("/v1/evidence", content=b"MZ").status_code == 422
    assert _posted(client, "", 422, **{**ASKED, "enterprise": "企" * 1000})["errors"][0]["field"] == "enterprise"
