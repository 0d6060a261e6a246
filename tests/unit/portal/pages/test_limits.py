"""Wrong secrets are counted by the minute."""

from datetime import UTC, datetime, timedelta

from portal.pages.limits import WrongSecrets

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def test_thirty_a_minute_are_looked_at() -> None:
    wrong = WrongSecrets()
    assert [wrong.are_too_many(NOW) for _ in range(32)] == [False] * 30 + [True] * 2
    assert wrong.are_too_many(NOW + timedelta(seconds=59))
    assert not wrong.are_too_many(NOW + timedelta(seconds=120))


def test_seldom_ones_never_become_too_many() -> None:
    wrong = WrongSecrets()
    assert not any(wrong.are_too_many(NOW + timedelta(seconds=3 * index)) for index in range(100))
