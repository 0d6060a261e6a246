"""The enterprise's pages in a headless Chromium, on a real portal: by keyboard, at phone width, without JavaScript."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import typer
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Request
from typer.testing import CliRunner

from hub.certificates.authority import issue_server, new_authority
from hub.commands import consent as consent_commands
from portal.app import Portal, create_app
from portal.audit.log import AuditLog
from portal.office import ConsentOffice
from portal.pages.identity import IdentityCheck
from portal.pages.site import PageSite
from rules.release.consent.lifecycle import Act, Consent, State
from rules.release.consent.terms import Mode
from tests.browser import chromium
from tests.builders.consents import SUBJECT
from tests.integration.portal.conftest import TOKEN, Site
from tests.ports import free_port
from tests.serving import serving

PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 800}
_ITEMS = {"items": ("tax.balance_sheet", "tax.payment", "utilities.electricity"), "departments": ("tax",)}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


class _Portal:
    """A portal that listens, and an operator at it."""

    def __init__(self, portal: Portal, log: AuditLog, pages: PageSite) -> None:
        self.portal, self.log, self.pages, self.url = portal, log, pages, pages.url

    @property
    def office(self) -> ConsentOffice:
        return self.portal.office

    def link(self) -> str:
        """Return what `credithub consent link` prints last."""
        program = typer.Typer()
        consent_commands.register(program)
        words = ["consent", "link", SUBJECT, "--check", "LEGAL_REPRESENTATIVE", "--by", "xn-03"]
        done = CliRunner().invoke(program, words, catch_exceptions=False)
        return done.stdout.split()[-1]


@pytest.fixture
def portal(
    site: Site, portal: Portal, log: AuditLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[_Portal]:
    url = f"http://127.0.0.1:{(port := free_port())}"
    unused = dict.fromkeys(("KAFKA_BOOTSTRAP", "REGISTRY_URL", "POSTGRES_DSN", "UPSTREAM_URL"), "unused")
    for name, value in {**unused, "HOME": str(tmp_path), "PORTAL_URL": url, "PORTAL_TOKEN": TOKEN}.items():
        monkeypatch.setenv(f"CREDITHUB_{name}", value)
    pages = site.pages(portal, url)
    app = create_app(portal, log, site.anchors(), TOKEN, pages=pages)
    with closing(site.office()) as office, serving(uvicorn.Config(app, port=port, access_log=False, log_config=None)):
        portal.opened = office
        yield _Portal(portal, log, pages)


@contextmanager
def _page(browser: Browser, size: dict[str, int], *, with_script: bool = False) -> Iterator[tuple[Page, list[str]]]:
    """Open a page, with the list of the servers that it asks."""
    context = browser.new_context(
        viewport={"width": size["width"], "height": size["height"]},
        java_script_enabled=with_script,
        locale="zh-CN",
        # Of certificates that a test makes no browser knows the authority.
        ignore_https_errors=True,
    )
    page, asked = context.new_page(), list[str]()
    page.on("request", lambda request: asked.append(urlsplit(request.url).netloc))
    yield page, asked
    context.close()


def _everything(site: Site, portal: _Portal) -> Consent:
    """Make one consent of each kind; return one that is in force."""
    for acts in ((Act.PAUSE,), (Act.REVOKE,)):
        one = site.granted(portal.office, recipient="qinghe", mode=Mode.STORE, **_ITEMS)
        for act in acts:
            site.act(portal.office, one, act)
    site.granted(portal.office, mode=Mode.QUERY, post_loan=True, **_ITEMS)
    return site.granted(portal.office, enterprise="青海虚构样例有限公司" * 4, application="DK-" + "2" * 60, **_ITEMS)


def _press(page: Page, name: str, first: str = "Tab") -> None:
    """Go from element to element by the keyboard until the one of this name has the focus, and press it."""
    for _ in range(60):
        page.keyboard.press(first)
        focused = page.locator(":focus")
        if focused.count() and focused.inner_text() == name:
            with page.expect_navigation():
                page.keyboard.press("Enter")
            return
    pytest.fail(f"the keyboard does not reach {name}")


def test_a_withdrawal_by_keyboard_alone_without_javascript(browser: Browser, site: Site, portal: _Portal) -> None:
    consent = site.granted(portal.office, **_ITEMS)
    requests = list[Request]()
    with _page(browser, PHONE) as (page, asked):
        page.on("request", lambda request: requests.append(request))
        # From another site, as a link comes: the cookie that enters is for this one alone.
        page.set_content(f'<a href="{portal.link()}">链接</a>')
        _press(page, "链接")
        _press(page, "进入")
        assert page.url == f"{portal.url}/enterprise/"
        assert page.get_by_role("heading", level=1).inner_text() == consent.terms.enterprise
        _press(page, "撤回授权")
        # The first thing that the keyboard reaches is not what cannot be undone.
        page.keyboard.press("Tab")
        assert page.locator(":focus").inner_text() != "确认撤回"
        _press(page, "确认撤回")
        assert page.url.endswith(f"/consents/{consent.terms.number}/revoked")
        assert "已撤回" in page.get_by_role("heading", level=1).inner_text()
        revoked = portal.office.consent(consent.terms.number)
        assert (revoked.state, revoked.version) == (State.REVOKED, 3)
        assert "第3版" in page.get_by_role("status").inner_text()
        _press(page, "返回我的授权")
        assert "现在没有机构" in page.inner_text("main")
        _press(page, "退出")
        assert page.get_by_role("heading", level=1).inner_text() == "已退出"
        page.go_back()
        page.reload()
        assert "请重新进入" in page.inner_text("main"), "what was shown is kept by no browser"
        assert len(requests) > 10
        assert not [one for one in requests if "referer" in one.all_headers()], "a link's secret goes nowhere"
    assert set(asked) == {urlsplit(portal.url).netloc}


def test_by_tls_a_browser_keeps_the_session_for_this_host_alone(
    browser: Browser, site: Site, portal: _Portal, tmp_path: Path
) -> None:
    consent = site.granted(portal.office, **_ITEMS)
    url = f"https://127.0.0.1:{(port := free_port())}"
    pages = replace(portal.pages, url=url)
    now = datetime.now(UTC)
    identity = tmp_path / "server.pem"
    identity.write_text(issue_server(new_authority(now), [], now).pem(), "utf-8")
    app = create_app(portal.portal, portal.log, site.anchors(), TOKEN, pages=pages)
    config = uvicorn.Config(app, port=port, access_log=False, log_config=None, ssl_certfile=identity)
    secret = pages.links.issue(SUBJECT, IdentityCheck.AGENT, "xn-03", now).secret
    with serving(config), _page(browser, PHONE) as (page, _):
        page.goto(pages.link(secret))
        _press(page, "进入")
        (cookie,) = page.context.cookies()
        assert (cookie["name"], cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (
            "__Host-credithub", True, True, "Strict",
        )  # fmt: skip
        assert page.evaluate("document.cookie") == ""
        page.goto(f"{url}/enterprise/consents/{consent.terms.number}/revoke")
        _press(page, "确认撤回")
        assert portal.office.consent(consent.terms.number).state is State.REVOKED


def _walk(page: Page, portal: _Portal, consent: Consent) -> Iterator[str]:
    """Show each page in turn, up to the question whether to withdraw."""
    page.goto(portal.link())
    yield "enter"
    page.get_by_role("button", name="进入").click()
    for details in page.locator("summary").all():
        details.click()
    yield "consents"
    for more in ("", "/revoke"):
        page.goto(f"{portal.url}/enterprise/consents/{consent.terms.number}{more}")
        yield more or "consent"
    page.get_by_role("button", name="确认撤回").click()
    yield "revoked"
    page.goto(f"{portal.url}/enterprise/nothing")
    yield "trouble"


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_nothing_is_wider_than_the_screen_and_nobody_else_is_asked(
    browser: Browser, site: Site, portal: _Portal, size: dict[str, int]
) -> None:
    consent = _everything(site, portal)
    with _page(browser, size, with_script=True) as (page, asked):
        seen = []
        for name in _walk(page, portal, consent):
            seen.append(name)
            assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], name
            # A finger hits what is 24 pixels large (WCAG 2.2, 2.5.8).
            for control in page.locator("button:visible, a.button:visible, summary:visible").all():
                box = control.bounding_box()
                assert box is not None
                assert min(box["width"], box["height"]) >= 24
            found = Axe().run(page).response["violations"]
            assert [(one["id"], one["help"]) for one in found] == [], name
        assert len(seen) == 6
    assert set(asked) == {urlsplit(portal.url).netloc}


@pytest.mark.attack(by="a page that shows an enterprise's page in a frame", wants="a click on a hidden button")
def test_no_frame_shows_the_pages(browser: Browser, portal: _Portal) -> None:
    with _page(browser, DESK, with_script=True) as (page, _):
        said = list[str]()
        page.on("console", lambda message: said.append(message.text))
        page.set_content(f'<iframe src="{portal.link()}"></iframe>')
        page.wait_for_timeout(500)
        assert not [frame for frame in page.frames if frame is not page.main_frame and "进入" in frame.content()]
        assert any("frame-ancestors" in one for one in said)


@pytest.mark.attack(by="an enterprise named as a script", wants="to run it where others read its name")
def test_a_script_in_a_name_is_shown_and_does_not_run(browser: Browser, site: Site, portal: _Portal) -> None:
    name = "<img src=x onerror=\"document.title='run'\"><script>document.title='run'</script>"
    site.granted(portal.office, enterprise=name, **_ITEMS)
    with _page(browser, DESK, with_script=True) as (page, _):
        page.goto(portal.link())
        page.get_by_role("button", name="进入").click()
        assert page.get_by_role("heading", level=1).inner_text() == name
        assert page.title() == "我的授权 - 企业授权"


def test_the_result_can_be_printed(browser: Browser, site: Site, portal: _Portal) -> None:
    consent = site.granted(portal.office, **_ITEMS)
    with _page(browser, DESK, with_script=True) as (page, _):
        for name in _walk(page, portal, consent):
            if name == "revoked":
                page.emulate_media(media="print")
                assert not page.get_by_role("button", name="退出").is_visible()
                assert page.get_by_role("status").is_visible()
                assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
