"""A link opens once, in time, and nobody reads it from what is kept."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from portal.pages.identity import IdentityCheck
from portal.pages.links import GOOD_FOR, OneTimeLinks
from tests.builders.consents import SUBJECT

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def _issued(links: OneTimeLinks, now: datetime = NOW) -> str:
    return links.issue(SUBJECT, IdentityCheck.AGENT, "xn-03", now).secret


@pytest.mark.attack(by="whoever finds a used link", wants="to open an enterprise's page a second time")
def test_a_link_opens_once() -> None:
    links = OneTimeLinks()
    secret = _issued(links)
    assert links.is_good(secret, NOW)
    assert links.is_good(secret, NOW), "to look at it spends nothing"
    who = links.redeem(secret, NOW)
    assert who is not None
    assert (who.subject, who.check, who.by) == (SUBJECT, IdentityCheck.AGENT, "xn-03")
    assert re.fullmatch(r"xn-03\.[0-9a-f]{7}", who.reference)
    assert not links.is_good(secret, NOW)
    assert links.redeem(secret, NOW) is None


def test_a_link_is_good_until_its_moment_and_not_at_it() -> None:
    links = OneTimeLinks()
    secret = _issued(links)
    assert links.is_good(secret, NOW + GOOD_FOR - timedelta(microseconds=1))
    assert not links.is_good(secret, NOW + GOOD_FOR)
    assert links.redeem(secret, NOW + GOOD_FOR) is None


def test_secrets_differ_and_only_their_hashes_are_kept() -> None:
    links = OneTimeLinks()
    first, second = _issued(links), _issued(links)
    assert first != second
    assert len(first) >= 43
    assert first not in repr(vars(links))
    for guess in ("", first[:-1], first + "A", second.swapcase()):
        assert links.redeem(guess, NOW) is None
    assert links.is_good(first, NOW)


def test_links_that_nobody_uses_take_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.pages.links._MOST", 3)
    links = OneTimeLinks()
    past = [_issued(links) for _ in range(3)]
    newest = [_issued(links) for _ in range(2)]
    assert [links.is_good(one, NOW) for one in (*past, *newest)] == [False, False, True, True, True]
    later = NOW + GOOD_FOR
    _issued(links, later)
    assert len(vars(links)["_issued"]) == 1
