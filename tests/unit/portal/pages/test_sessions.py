"""A session ends when nobody uses it, at its longest, when it is left, and never comes from outside."""

from datetime import UTC, datetime, timedelta

import pytest

from portal.pages.identity import Identified, IdentityCheck
from portal.pages.sessions import IDLE, LONGEST, Sessions
from tests.builders.consents import SUBJECT

NOW = datetime(2026, 3, 2, tzinfo=UTC)
WHO = Identified(SUBJECT, IdentityCheck.LEGAL_REPRESENTATIVE, "xn-03", "0123456789abcdef")


def test_use_prolongs_it_up_to_its_longest() -> None:
    sessions = Sessions()
    cookie = sessions.begin(WHO, NOW)
    at, step = NOW, IDLE - timedelta(seconds=1)
    while at + step < NOW + LONGEST:
        at += step
        session = sessions.of(cookie, at)
        assert session is not None
        assert session.who == WHO
        assert session.until <= NOW + LONGEST
    assert sessions.of(cookie, NOW + LONGEST) is None


def test_it_ends_idle_for_good() -> None:
    sessions = Sessions()
    cookie = sessions.begin(WHO, NOW)
    assert sessions.of(cookie, NOW + IDLE) is None
    assert sessions.of(cookie, NOW) is None, "a clock that was set back brings nothing back"


def test_it_is_known_by_its_own_cookie_alone_and_ends_when_left() -> None:
    sessions = Sessions()
    mine, other = sessions.begin(WHO, NOW), sessions.begin(WHO, NOW)
    assert mine != other
    assert mine not in repr(vars(sessions))
    assert sessions.of("", NOW) is None
    assert sessions.of(mine[:-1], NOW) is None
    sessions.end(mine)
    sessions.end("unknown")
    assert sessions.of(mine, NOW) is None
    assert sessions.of(other, NOW) is not None


def test_a_form_belongs_to_one_session() -> None:
    sessions = Sessions()
    one, two = (sessions.of(sessions.begin(WHO, NOW), NOW) for _ in range(2))
    assert one is not None
    assert two is not None
    assert one.is_form_of(one.csrf)
    assert not one.is_form_of(two.csrf)
    assert not one.is_form_of("")
    assert not one.is_form_of("授权")


def test_sessions_that_nobody_ends_take_no_memory() -> None:
    sessions = Sessions()
    for _ in range(3):
        sessions.begin(WHO, NOW)
    sessions.begin(WHO, NOW + IDLE)
    assert len(vars(sessions)["_sessions"]) == 1


def test_a_program_that_asks_without_end_is_let_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.pages.sessions._MOST_PAGES", 3)
    sessions = Sessions()
    cookie = sessions.begin(WHO, NOW)
    assert [sessions.of(cookie, NOW) is not None for _ in range(5)] == [True] * 3 + [False] * 2
