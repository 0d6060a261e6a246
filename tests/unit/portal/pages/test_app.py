"""The pages over HTTP before the portal has read its consents: who gets in, and what every answer carries."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send

from catalogue.load import load_catalogue
from portal.audit.middleware import _REQUEST, AuditedRequest
from portal.journal import OfficeLost
from portal.office import ConsentOffice
from portal.pages.app import create_pages
from portal.pages.identity import IdentityCheck
from portal.pages.links import GOOD_FOR
from portal.pages.protection import HEADERS, MOST_FORM_BYTES
from portal.pages.rendering import PATH
from portal.pages.sessions import IDLE
from portal.pages.shown import ConsentWording
from portal.pages.site import PageSite
from tests.builders.consents import SUBJECT

NOW = datetime(2026, 3, 2, tzinfo=UTC)
COOKIE = "credithub"


class _Clock:
    now = NOW

    def __call__(self) -> datetime:
        return self.now


def _not_yet() -> ConsentOffice:
    raise OfficeLost("授权服务正在启动")


def _site(url: str = "http://127.0.0.1:8083") -> PageSite:
    wording = ConsentWording(load_catalogue(), str, lambda *_: "")
    return PageSite(_not_yet, wording, url, now=_Clock())


class _Audited:
    """What the audit's middleware does before it waits for Kafka: each request says what it learns."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[_REQUEST] = AuditedRequest()
        await self.app(scope, receive, send)


def _client(site: PageSite) -> TestClient:
    app = FastAPI()
    app.mount(PATH, create_pages(site))
    app.add_middleware(_Audited)
    return TestClient(app, base_url=site.url, follow_redirects=False, raise_server_exceptions=False)


@pytest.fixture
def site() -> PageSite:
    return _site()


@pytest.fixture
def client(site: PageSite) -> Iterator[TestClient]:
    with _client(site) as client:
        yield client


def _secret(site: PageSite) -> str:
    return site.links.issue(SUBJECT, IdentityCheck.LEGAL_REPRESENTATIVE, "xn-03", site.now()).secret


def _enter(client: TestClient, site: PageSite) -> Any:
    return client.post(f"{PATH}/enter", data={"secret": _secret(site)})


def _later(site: PageSite, by: timedelta) -> None:
    assert isinstance(site.now, _Clock)
    site.now.now = NOW + by


def test_whoever_looks_a_link_up_spends_nothing(client: TestClient, site: PageSite) -> None:
    secret = _secret(site)
    for _ in range(3):
        answer = client.get(f"{PATH}/enter/{secret}")
        assert (answer.status_code, "set-cookie" in answer.headers) == (200, False)
        assert SUBJECT not in answer.text
    assert client.post(f"{PATH}/enter", data={"secret": secret}).status_code == 303


@pytest.mark.attack(by="whoever has read a link over a shoulder", wants="to enter by it after its owner")
def test_a_replayed_link_is_refused(client: TestClient, site: PageSite) -> None:
    secret = _secret(site)
    entered = client.post(f"{PATH}/enter", data={"secret": secret})
    assert (entered.status_code, entered.headers["location"]) == (303, f"{PATH}/")
    client.cookies.clear()
    for again in (client.post(f"{PATH}/enter", data={"secret": secret}), client.get(f"{PATH}/enter/{secret}")):
        assert again.status_code == 410
        assert "链接已失效" in again.text
        assert "set-cookie" not in again.headers


def test_a_link_that_is_past_is_told(client: TestClient, site: PageSite) -> None:
    secret = _secret(site)
    _later(site, GOOD_FOR)
    assert client.get(f"{PATH}/enter/{secret}").status_code == 410
    assert client.post(f"{PATH}/enter", data={"secret": secret}).status_code == 410


@pytest.mark.attack(by="a stranger who guesses links", wants="the portal's work, or to lock enterprises out")
def test_guesses_are_limited_and_lock_nobody_out(client: TestClient, site: PageSite) -> None:
    answers = [client.get(f"{PATH}/enter/guess-{index}").status_code for index in range(40)]
    assert answers == [410] * 30 + [429] * 10
    limited = client.post(f"{PATH}/enter", data={"secret": "guess"})
    assert (limited.status_code, limited.headers["retry-after"]) == (429, "60")
    assert _enter(client, site).status_code == 303


@pytest.mark.attack(by="somebody who plants a cookie in an enterprise's browser", wants="to share its session")
def test_a_session_that_was_there_before_is_never_taken_over(client: TestClient, site: PageSite) -> None:
    client.cookies.set(COOKIE, "planted", domain="127.0.0.1", path=PATH)
    first = _enter(client, site).cookies[COOKIE]
    assert first != "planted"
    assert site.sessions.of("planted", NOW) is None
    # Who enters again ends his own session before, too.
    client.cookies.clear()
    answer = client.post(f"{PATH}/enter", data={"secret": _secret(site)}, headers={"Cookie": f"{COOKIE}={first}"})
    assert answer.cookies[COOKIE] != first
    assert site.sessions.of(first, NOW) is None


def test_the_cookie_is_for_this_site_alone(client: TestClient, site: PageSite) -> None:
    said = _enter(client, site).headers["set-cookie"]
    value = re.match(f"{COOKIE}=([\\w-]{{43}}); HttpOnly; Path={PATH}; SameSite=strict$", said)
    assert value is not None
    assert value[1] not in repr(vars(site.sessions))


def test_by_tls_the_cookie_and_the_browser_keep_to_it() -> None:
    site = _site("https://credit.example")
    with _client(site) as client:
        said = _enter(client, site).headers
        assert re.match(r"__Host-credithub=[\w-]{43}; HttpOnly; Path=/; SameSite=strict; Secure$", said["set-cookie"])
        assert said["strict-transport-security"] == "max-age=31536000"
    assert site.link("abc") == "https://credit.example/enterprise/enter/abc"


@pytest.mark.attack(by="another site, in a frame or a window", wants="an enterprise to click what it does not see")
def test_every_answer_carries_what_keeps_browsers_from_harm(client: TestClient, site: PageSite) -> None:
    answers: list[Any] = [
        client.get(f"{PATH}/enter/{_secret(site)}"), _enter(client, site), client.get(f"{PATH}/"),
        client.get(f"{PATH}/style.css"), client.get(f"{PATH}/icon.svg"), client.get(f"{PATH}/nothing"),
        client.put(f"{PATH}/"), client.get(f"{PATH}/consents/%00"), client.get(f"{PATH}/enter/wrong"),
        client.post(f"{PATH}/leave", content=b"x" * (MOST_FORM_BYTES + 1)),
    ]  # fmt: skip
    assert [one.status_code for one in answers] == [200, 303, 503, 200, 200, 404, 405, 404, 410, 413]
    for answer in answers:
        assert {name: answer.headers.get(name) for name in HEADERS} == dict(HEADERS)
    policy = HEADERS["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.attack(by="another site that an enterprise visits", wants="to log it into a session of the attacker's")
def test_nobody_is_entered_from_another_site(client: TestClient, site: PageSite) -> None:
    secret = _secret(site)
    for kind in ("cross-site", "same-site"):
        answer = client.post(f"{PATH}/enter", data={"secret": secret}, headers={"Sec-Fetch-Site": kind})
        assert answer.status_code == 403
    assert site.links.is_good(secret, NOW)
    headers = {"Sec-Fetch-Site": "same-origin"}
    assert client.post(f"{PATH}/enter", data={"secret": secret}, headers=headers).status_code == 303


def test_what_is_no_form_of_ours_is_refused_before_it_is_read(client: TestClient) -> None:
    for content in (b"secret=%ff" + b"x" * MOST_FORM_BYTES, b"x" * 100_000):
        assert client.post(f"{PATH}/enter", content=content).status_code == 413
    assert client.post(f"{PATH}/enter", content=iter([b"secret=a"])).status_code == 413
    assert client.post(f"{PATH}/enter", content="secret=授权".encode()).status_code == 403
    assert client.post(f"{PATH}/enter", content=b"&".join(b"a=b" for _ in range(50))).status_code == 403


def test_a_session_ends_and_says_so(client: TestClient, site: PageSite) -> None:
    assert client.get(f"{PATH}/").status_code == 403
    _enter(client, site)
    assert client.get(f"{PATH}/").status_code == 503, "he is in, and the consents are not read yet"
    _later(site, IDLE)
    answer = client.get(f"{PATH}/")
    assert (answer.status_code, "15分钟没有操作" in answer.text) == (403, True)


def test_leaving_needs_the_session_s_own_form(client: TestClient, site: PageSite) -> None:
    cookie = _enter(client, site).cookies[COOKIE]
    session = site.sessions.of(cookie, NOW)
    assert session is not None
    assert client.post(f"{PATH}/leave", data={"csrf": "guess"}).status_code == 403
    assert site.sessions.of(cookie, NOW) is not None
    client.cookies.set(COOKIE, cookie, domain="127.0.0.1", path=PATH)
    left = client.post(f"{PATH}/leave", data={"csrf": session.csrf})
    assert left.status_code == 200
    assert "已退出" in left.text
    assert site.sessions.of(cookie, NOW) is None
    assert client.post(f"{PATH}/leave").status_code == 403


def test_what_breaks_is_told_without_its_trace(site: PageSite) -> None:
    def broken() -> ConsentOffice:
        raise RuntimeError("fictitious secret detail")

    wrong = PageSite(broken, site.wording, site.url, now=_Clock())
    with _client(wrong) as client:
        _enter(client, wrong)
        answer = client.get(f"{PATH}/")
    assert (answer.status_code, answer.headers["x-frame-options"]) == (500, "DENY")
    assert "出错了" in answer.text
    assert "secret detail" not in answer.text
