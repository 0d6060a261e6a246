"""Whatever a name says, a page shows it as text; and no page asks anything of anybody else."""

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from catalogue.load import load_catalogue
from portal.pages.identity import CHECKS, Identified, IdentityCheck
from portal.pages.problems import PageTrouble, trouble_page
from portal.pages.rendering import ASSETS, PATH, asset, page
from portal.pages.sessions import EnterpriseSession
from portal.pages.shown import ConsentStanding, ConsentWording, StillAllowed
from rules.release.consent.lifecycle import Act
from rules.release.consent.terms import Template
from tests.builders.consents import MOMENT, SUBJECT
from tests.builders.known_consents import known

HOSTILE = "虚构<script>alert(1)</script>\"'><img src=x onerror=alert(1)>&amp;{{ 7*7 }}\u202e公司"
TEMPLATES = Path(page.__code__.co_filename).parent / "templates"
NOW = datetime(2026, 3, 2, tzinfo=UTC)
SESSION = EnterpriseSession(Identified(SUBJECT, IdentityCheck.AGENT, "xn-03", "ref"), "csrf-token", NOW, NOW)
GRANTED = known(
    Act.REQUEST, Act.GRANT, enterprise=HOSTILE, application=HOSTILE, platform=HOSTILE, revocation_channel=HOSTILE,
    template=Template(HOSTILE, HOSTILE), items=("tax.payment", HOSTILE),
)  # fmt: skip


class _Page(HTMLParser):
    """The elements of a page, each closed where it has to be, and its texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "input", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def _pages() -> dict[str, str]:
    wording = ConsentWording(load_catalogue(), lambda _: HOSTILE, lambda *_: HOSTILE)
    shown, over = wording.consent(GRANTED, MOMENT), wording.consent(known(Act.REQUEST, Act.REJECT), MOMENT)
    ended = wording.consent(known(Act.REQUEST, Act.GRANT, Act.REVOKE), MOMENT)
    common: dict[str, Any] = {"session": SESSION, "checks": CHECKS}
    one = {**common, "consent": shown, "still": [StillAllowed("SQ-2", HOSTILE)]}
    groups = {ConsentStanding.IN_FORCE: [shown], ConsentStanding.WAITING: [shown], ConsentStanding.OVER: [over, ended]}
    made = {
        "enter": page("enter", secret=HOSTILE),
        "consents": page("consents", **common, groups=groups, enterprise=HOSTILE, institutions=1),
        "consent": page("consent", **one),
        "revoke": page("revoke", **one),
        "revoked": page("revoked", **one),
        "left": page("left"),
        "trouble": page("trouble", title=HOSTILE, text=HOSTILE),
        **{trouble.name: trouble_page(trouble) for trouble in PageTrouble},
    }
    return {name: bytes(answer.body).decode() for name, answer in made.items()}


PAGES = _pages()
parametrized = pytest.mark.parametrize("name", PAGES)


def test_each_template_is_looked_at() -> None:
    bases = {"base", "session", "parts"}
    assert {file.stem for file in TEMPLATES.iterdir()} == {name for name in PAGES if name.islower()} | bases


@pytest.mark.attack(by="an enterprise or operator with a hostile name", wants="a script in an enterprise's page")
@parametrized
def test_no_name_becomes_an_element(name: str) -> None:
    found = _Page(PAGES[name])
    assert found.open == []
    tags = {tag for tag, _ in found.elements}
    assert not tags & {"script", "img", "iframe", "object", "style", "svg", "base"}
    for _, attributes in found.elements:
        assert not [one for one in attributes if one.startswith("on") or one == "style"]
    if "alert" in PAGES[name] and name != "enter":
        assert HOSTILE in found.text


@parametrized
def test_a_page_asks_of_nobody_else_and_needs_no_script(name: str) -> None:
    found = _Page(PAGES[name])
    for _, attributes in found.elements:
        for key in ("href", "src", "action"):
            assert (attributes.get(key) or f"{PATH}/").startswith((f"{PATH}/", "#main"))
    linked = {attributes["href"] for tag, attributes in found.elements if tag == "link"}
    assert linked == {f"{PATH}/{one}" for one in ASSETS}


@parametrized
def test_a_page_is_chinese_has_one_heading_and_labels(name: str) -> None:
    found = _Page(PAGES[name])
    assert [attributes for tag, attributes in found.elements if tag == "html"] == [{"lang": "zh-CN"}]
    headings = [int(tag[1]) for tag, _ in found.elements if re.fullmatch("h[1-6]", tag)]
    assert headings.count(1) == 1
    assert headings[0] == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(headings))
    ids = [attributes["id"] for _, attributes in found.elements if "id" in attributes]
    assert len(ids) == len(set(ids)) or name == "consents"
    named = {attributes["aria-labelledby"] for _, attributes in found.elements if "aria-labelledby" in attributes}
    assert named <= set(ids)


@parametrized
def test_each_form_posts_and_brings_what_only_its_page_knows(name: str) -> None:
    elements = _Page(PAGES[name]).elements
    forms = [attributes for tag, attributes in elements if tag == "form"]
    hidden = [attributes["name"] for tag, attributes in elements if tag == "input"]
    assert all(form["method"] == "post" for form in forms)
    assert len(hidden) == len(forms)
    assert set(hidden) <= {"csrf", "secret"}


def test_the_style_names_no_file_at_all() -> None:
    style = asset("style.css").decode()
    assert "url(" not in style
    assert "@import" not in style
    assert "http" not in asset("icon.svg").decode().replace("http://www.w3.org/2000/svg", "")
