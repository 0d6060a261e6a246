"""Every request at the portal is an entry of ``audit.v1`` before it is answered, and no answer comes without one."""

from contextlib import closing
from hashlib import sha256
from typing import Any

import pytest
from fastapi.testclient import TestClient

from bus.topics import AUDIT
from portal.app import Portal, create_app
from portal.audit.log import AuditLog
from portal.audit.middleware import RECEIPT
from rules.audit.entry import AuditAct
from tests import kafka
from tests.builders.consents import SUBJECT
from tests.integration.portal.conftest import PDF, TOKEN, Site
from tests.integration.portal.test_app import ASKED


def entries(site: Site) -> list[dict[str, Any]]:
    return [value for _, value in kafka.messages(site.config, AUDIT)]


def test_who_asked_for_what_about_whom_and_what_came_of_it(client: TestClient, site: Site) -> None:
    number = client.post("/v1/consents", json=ASKED).json()["number"]
    digest = client.post("/v1/evidence", content=PDF).json()["sha256"]
    signing = {"representative": "虚构甲", "evidence": digest}
    client.post(f"/v1/consents/{number}/grant", json={"actor": "op-2", "signing": signing})
    for path in ("", f"/{number}", f"/{number}/artefacts"):
        client.get(f"/v1/consents{path}")
    client.get(f"/v1/subjects/{SUBJECT}/scope")
    client.get(f"/v1/evidence/{digest}")
    client.post(f"/v1/consents/{number}/grant", json={"actor": "op-2", "signing": signing})
    client.post(f"/v1/consents/{number}/revoke", json={"actor": "op-2", "reason": "WRONG"})
    client.get("/v1/consents/SQ-0")
    client.get("/v1/else")
    client.get("/health")
    subject, about = SUBJECT, (SUBJECT, "LOAN", [number])
    assert [
        (one["act"], one["actor"], one["outcome"], (one["subject"], one["purpose"], one["consents"]))
        for one in entries(site)
    ] == [
        ("CONSENT_REQUEST", "op-1", "OK", about),
        ("EVIDENCE_PUT", "", "OK", ("", "", [])),
        ("CONSENT_GRANT", "op-2", "OK", about),
        ("CONSENT_LIST", "", "OK", ("", "", [])),
        ("CONSENT_SHOW", "", "OK", about),
        ("CONSENT_ARTEFACTS", "", "OK", about),
        ("SCOPE_SHOW", "", "OK", (subject, "", [])),
        ("EVIDENCE_GET", "", "OK", ("", "", [])),
        ("CONSENT_GRANT", "op-2", "NOT_POSSIBLE", about),
        ("CONSENT_ACT", "", "INVALID", ("", "", [])),
        ("CONSENT_SHOW", "", "NOT_FOUND", ("", "", [])),
        ("NONE", "", "NOT_FOUND", ("", "", [])),
    ]
    assert {one["actor_kind"] for one in entries(site)} == {"OPERATOR"}
    assert "虚构甲" not in str(entries(site))


def test_a_receipt_shows_what_an_entry_is_of_and_nobody_else_can(client: TestClient, site: Site) -> None:
    answers = [client.get("/v1/consents", params={"limit": 5}) for _ in range(2)]
    for answer, entry in zip(answers, entries(site), strict=True):
        number, nonce = answer.headers[RECEIPT].split(".")
        assert int(number) == entry["number"]
        asked = bytes.fromhex(nonce) + b"GET /v1/consents?limit=5\n"
        assert entry["question"] == sha256(asked).digest()
        assert entry["answer"] == sha256(bytes.fromhex(nonce) + b"200\n" + answer.content).digest()
    # The same question and the same answer: without the nonce they cannot be told from others.
    first, second = entries(site)
    assert (first["question"], first["answer"]) != (second["question"], second["answer"])


@pytest.mark.attack(by="somebody without the token", wants="to try tokens unseen")
def test_who_is_not_let_in_is_in_the_log(client: TestClient, site: Site) -> None:
    for path in (f"/v1/subjects/{SUBJECT}/scope", "/v1/evidence"):
        assert client.post(path, content=b"x", headers={"Authorization": "Bearer else"}).status_code == 401
    assert client.post("/v1/evidence", content=iter([b"{}"])).status_code == 413
    assert [(one["actor_kind"], one["act"], one["outcome"]) for one in entries(site)] == [
        ("STRANGER", "NONE", "UNAUTHENTICATED"), ("STRANGER", "NONE", "UNAUTHENTICATED"),
        ("STRANGER", "NONE", "TOO_LARGE"),
    ]  # fmt: skip


def test_no_audit_no_answer(client: TestClient, site: Site, log: AuditLog) -> None:
    number = client.post("/v1/consents", json=ASKED).json()["number"]
    with closing(site.audit()):
        # Another one took over: the first commit of the former one fails.
        for path in (f"/v1/consents/{number}", "/v1/consents", "/v1/else"):
            answer = client.get(path)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
            assert answer.headers["content-type"] == "application/problem+json"
            assert "审计记录没有写入" in answer.json()["detail"]
            assert number not in answer.text
        assert client.get("/health").status_code == 200
        assert log.lost
    assert len(entries(site)) == 1


def test_every_route_has_the_name_of_an_act(portal: Portal, log: AuditLog, site: Site) -> None:
    app = create_app(portal, log, site.anchors(), TOKEN)
    names = {route.name for route in app.routes if hasattr(route, "name")}
    assert names - set(AuditAct) == {"health"}
