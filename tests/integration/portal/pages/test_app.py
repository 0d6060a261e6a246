"""The enterprise's pages on a real office: it sees its own consents and withdraws them, and nobody else does."""

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from html import unescape
from typing import Any

import pytest
from fastapi.testclient import TestClient

from bus.topics import AUDIT
from portal.app import Portal, create_app
from portal.audit.log import AuditLog
from portal.office import ConsentOffice
from portal.pages.identity import IdentityCheck
from portal.pages.rendering import PATH
from rules.release.consent.lifecycle import Act, ActReason, Consent, State
from rules.release.consent.terms import Disposal
from tests import kafka
from tests.builders.consents import SUBJECT
from tests.integration.portal.conftest import NAME, TOKEN, Site

OPERATOR = {"Authorization": f"Bearer {TOKEN}"}
OTHER = "91630104MAX0000327"


@pytest.fixture
def office(site: Site, portal: Portal) -> Iterator[ConsentOffice]:
    with closing(site.office()) as office:
        portal.opened = office
        yield office


@pytest.fixture
def client(site: Site, portal: Portal, log: AuditLog, office: ConsentOffice) -> Iterator[TestClient]:
    pages = site.pages(portal)
    app = create_app(portal, log, site.anchors(), TOKEN, pages=pages)
    with TestClient(app, base_url=pages.url, follow_redirects=False) as client:
        yield client


def _link(client: TestClient, subject: str = SUBJECT, **changes: str) -> Any:
    body = {"actor": "xn-03", "check": "LEGAL_REPRESENTATIVE", **changes}
    return client.post(f"/v1/subjects/{subject}/links", json=body, headers=OPERATOR)


def _enter(client: TestClient, subject: str = SUBJECT) -> None:
    secret = _link(client, subject).json()["url"].rpartition("/")[2]
    client.cookies.clear()
    assert client.post(f"{PATH}/enter", data={"secret": secret}).status_code == 303


def _token(answer: Any) -> str:
    found = re.search('name="csrf" value="([^"]+)"', answer.text)
    assert found is not None
    return found[1]


def _at(consent: Consent, more: str = "") -> str:
    return f"{PATH}/consents/{consent.terms.number}{more}"


def test_an_enterprise_sees_and_withdraws(client: TestClient, site: Site, office: ConsentOffice) -> None:
    consent = site.granted(office, items=("tax.payment",), departments=("tax",))
    issued = _link(client).json()
    assert (issued["enterprise"], issued["consents"]) == (consent.terms.enterprise, 1)
    _enter(client)
    home = client.get(f"{PATH}/")
    for said in ("西宁银河银行（虚构）", "纳税信息", "持续推送", "现在有 1 家机构", consent.terms.application):
        assert said in home.text
    whole = client.get(_at(consent)).text
    assert "虚**，法定代表人" in whole
    assert NAME not in home.text + whole
    done = client.post(_at(consent, "/revoke"), data={"csrf": _token(client.get(_at(consent, "/revoke")))})
    assert (done.status_code, done.headers["location"]) == (303, _at(consent, "/revoked"))
    now = office.consent(consent.terms.number)
    assert (now.state, now.reason, now.version) == (State.REVOKED, ActReason.BY_ENTERPRISE, 3)
    result = client.get(_at(consent, "/revoked")).text
    assert "第3版" in result
    assert "企业在本页办理" in client.get(_at(consent)).text
    assert "现在没有机构" in client.get(f"{PATH}/").text
    # What is told survives the process: a successor reads who did it.
    office.close()
    with closing(site.office()) as successor:
        (known,) = successor.known_of_subject(SUBJECT)
        assert [(step.act, step.actor) for step in known.history] == [
            (Act.REQUEST, "op-1"), (Act.GRANT, "op-1"), (Act.REVOKE, "enterprise"),
        ]  # fmt: skip


@pytest.mark.attack(by="another enterprise, with a session of its own", wants="to read or withdraw others' consents")
def test_another_enterprise_s_consent_is_none(client: TestClient, site: Site, office: ConsentOffice) -> None:
    consent = site.granted(office)
    _enter(client, OTHER)
    home = client.get(f"{PATH}/")
    assert (home.status_code, "没有任何授权" in home.text) == (200, True)
    assert consent.terms.enterprise not in home.text
    for more in ("", "/revoke", "/revoked"):
        assert client.get(_at(consent, more)).status_code == 404
    assert client.post(_at(consent, "/revoke"), data={"csrf": _token(home)}).status_code == 404
    assert office.consent(consent.terms.number).state is State.ACTIVE


@pytest.mark.attack(by="another site that an enterprise has open", wants="a withdrawal that nobody ordered")
def test_a_form_that_others_made_withdraws_nothing(client: TestClient, site: Site, office: ConsentOffice) -> None:
    consent = site.granted(office)
    _enter(client, OTHER)
    foreign = _token(client.get(f"{PATH}/"))
    _enter(client)
    mine = _token(client.get(f"{PATH}/"))
    wrongs: list[tuple[dict[str, str], dict[str, str]]] = [
        ({}, {}), ({"csrf": ""}, {}), ({"csrf": foreign}, {}), ({"csrf": mine}, {"Sec-Fetch-Site": "cross-site"}),
    ]  # fmt: skip
    for data, headers in wrongs:
        assert client.post(_at(consent, "/revoke"), data=data, headers=headers).status_code == 403
    assert client.get(_at(consent, "/revoke")).status_code == 200, "to look at it does nothing"
    assert office.consent(consent.terms.number).state is State.ACTIVE
    assert client.post(_at(consent, "/revoke"), data={"csrf": mine}).status_code == 303


def test_each_page_is_in_the_audit_log_before_it_is_shown(
    client: TestClient, site: Site, office: ConsentOffice
) -> None:
    consent = site.granted(office)
    number = consent.terms.number
    _enter(client)
    csrf = _token(client.get(f"{PATH}/"))
    client.get(f"{PATH}/style.css")
    client.post(_at(consent, "/revoke"), data={"csrf": "guess"})
    client.post(_at(consent, "/revoke"), data={"csrf": csrf})
    client.get(_at(consent, "/revoked"))
    client.get(f"{PATH}/consents/SQ-0")
    client.post(f"{PATH}/leave", data={"csrf": csrf})
    client.get(f"{PATH}/enter/guess")
    entries = [value for _, value in kafka.messages(site.config, AUDIT)]
    assert [(one["actor_kind"], one["act"], one["outcome"], one["purpose"], one["consents"]) for one in entries] == [
        ("OPERATOR", "LINK_ISSUE", "OK", "LEGAL_REPRESENTATIVE", []),
        ("ENTERPRISE", "PAGE_ENTER", "OK", "LEGAL_REPRESENTATIVE", []),
        ("ENTERPRISE", "PAGE_CONSENTS", "OK", "", [number]),
        ("ENTERPRISE", "CONSENT_REVOKE", "FORM_FOREIGN", "", []),
        ("ENTERPRISE", "CONSENT_REVOKE", "OK", "LOAN", [number]),
        ("ENTERPRISE", "PAGE_CONSENT", "OK", "LOAN", [number]),
        ("ENTERPRISE", "PAGE_CONSENT", "NO_SUCH_CONSENT", "", []),
        ("ENTERPRISE", "PAGE_LEAVE", "OK", "", []),
        ("STRANGER", "LINK_SHOW", "LINK_SPENT", "", []),
    ]
    assert [one["subject"] for one in entries] == [SUBJECT] * 8 + [""]
    assert len({one["actor"] for one in entries[1:-1]}) == 1
    assert entries[1]["actor"].startswith("xn-03.")


def test_no_audit_no_page(client: TestClient, site: Site, office: ConsentOffice) -> None:
    consent = site.granted(office)
    _enter(client)
    with closing(site.audit()):
        # Another one took over: the first commit of the former one fails.
        answer = client.get(f"{PATH}/")
    assert (answer.status_code, answer.headers["x-frame-options"]) == (503, "DENY")
    assert "暂时不能办理" in answer.text
    assert consent.terms.enterprise not in answer.text
    assert client.get(f"{PATH}/style.css").status_code == 200


def test_what_breaks_is_told_in_chinese_and_audited(site: Site, portal: Portal, log: AuditLog) -> None:
    def broken() -> ConsentOffice:
        raise RuntimeError("fictitious secret detail")

    pages = replace(site.pages(portal), office=broken)
    app = create_app(portal, log, site.anchors(), TOKEN, pages=pages)
    with TestClient(app, base_url=pages.url, follow_redirects=False) as client:
        secret = pages.links.issue(SUBJECT, IdentityCheck.AGENT, "xn-03", pages.now()).secret
        client.post(f"{PATH}/enter", data={"secret": secret})
        answer = client.get(f"{PATH}/")
    assert (answer.status_code, answer.headers["x-frame-options"]) == (500, "DENY")
    assert "出错了" in answer.text
    assert "secret detail" not in answer.text
    *_, entry = (value for _, value in kafka.messages(site.config, AUDIT))
    assert (entry["act"], entry["outcome"], entry["subject"]) == ("PAGE_CONSENTS", "FAILED", SUBJECT)


@pytest.mark.attack(by="a stranger who floods the pages", wants="entries without end in a log that is kept for ever")
def test_strangers_are_told_nothing_that_is_no_refusal(client: TestClient, site: Site) -> None:
    paths = ("", "/", "/leave", "/consents/", "/consents/SQ-1/", "/enter/", "/style.css", "/icon.svg")
    answers = {path: client.get(f"{PATH}{path}", headers={"Host": "else.example"}) for path in paths}
    assert [path for path, one in answers.items() if one.status_code < 400] == ["/style.css", "/icon.svg"]
    assert not [path for path, one in answers.items() if "location" in one.headers]
    entries = [value for _, value in kafka.messages(site.config, AUDIT)]
    assert len(entries) == len(paths) - 2
    assert "OK" not in {one["outcome"] for one in entries}


def test_what_somebody_did_before_is_shown_and_not_done_twice(
    client: TestClient, site: Site, office: ConsentOffice
) -> None:
    consent = site.granted(office)
    _enter(client)
    csrf = _token(client.get(_at(consent, "/revoke")))
    site.act(office, consent, Act.SETTLE)
    assert client.post(_at(consent, "/revoke"), data={"csrf": csrf}).headers["location"] == _at(consent)
    for more in ("/revoke", "/revoked"):
        assert client.get(_at(consent, more)).headers["location"] == _at(consent)
    assert "贷款已结清" in client.get(_at(consent)).text
    assert office.consent(consent.terms.number).version == 3


def test_the_words_about_a_withdrawal_are_those_of_the_consent(
    client: TestClient, site: Site, office: ConsentOffice
) -> None:
    kept = site.granted(office, disposal=Disposal.RETAIN_BY_LAW)
    deleted = site.granted(office)
    _enter(client)
    assert "依法留存到法定期限以后删除" in client.get(_at(kept, "/revoke")).text
    text = unescape(client.get(_at(deleted, "/revoke")).text)
    assert "最迟在" in text
    assert kept.terms.number in text, "the other consent of the same institution goes on"


@pytest.mark.attack(by="somebody with a session or a link", wants="what operators alone may do")
def test_the_pages_open_nothing_of_the_operators(client: TestClient, site: Site, office: ConsentOffice) -> None:
    consent = site.granted(office)
    _enter(client)
    number = consent.terms.number
    for path in (
        "/v1/consents", f"/v1/consents/{number}", f"/enterprise/../v1/consents/{number}", "/enterprisev1/consents",
        f"/v1/subjects/{SUBJECT}/scope",
    ):  # fmt: skip
        assert client.get(path).status_code in (401, 404)
    assert client.post(f"/v1/consents/{number}/revoke", json={"actor": "op-1"}).status_code == 401
    # A host that holds a path makes no other path of it.
    assert client.get("/v1/consents", headers={"Host": "127.0.0.1/enterprise/"}).status_code in (400, 401)
    assert client.post(f"/v1/subjects/{SUBJECT}/links", json={"actor": "op-1", "check": "AGENT"}).status_code == 401


def test_a_link_is_for_an_enterprise_and_by_an_operator(client: TestClient) -> None:
    for field, subject, changes in (
        ("subject", "91630102MAX000015X", {}),
        ("check", SUBJECT, {"check": "FRIEND"}),
        ("actor", SUBJECT, {"actor": "enterprise"}),
        ("actor", SUBJECT, {"actor": "张三"}),
    ):
        answer = _link(client, subject, **changes)
        assert answer.status_code == 422
        assert field in [one["field"] for one in answer.json()["errors"]], answer.text
    assert _link(client, OTHER).json()["enterprise"] == ""


@pytest.mark.attack(by="who reads the portal's log", wants="a link or a session that is still good")
def test_no_secret_is_logged(
    client: TestClient, site: Site, office: ConsentOffice, caplog: pytest.LogCaptureFixture
) -> None:
    site.granted(office)
    secret = _link(client).json()["url"].rpartition("/")[2]
    with caplog.at_level("DEBUG"):
        client.get(f"{PATH}/enter/{secret}")
        client.post(f"{PATH}/enter", data={"secret": secret})
        client.get(f"{PATH}/")
    own = [one for one in caplog.records if not one.name.startswith(("httpx", "httpcore"))]
    said = "".join(one.getMessage() for one in own)
    assert secret not in said
    assert client.cookies["credithub"] not in said
