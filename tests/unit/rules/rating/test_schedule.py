"""Which model rules on which day."""

from datetime import date

from rules.rating.schedule import ModelVersion, Role, running_on


def published(number: int, model: str, role: Role, day: int) -> ModelVersion:
    """Return a version that begins on a day of July."""
    return ModelVersion(number, model, role, date(2026, 7, day), "", f"{number}", ("甲", "乙"))


ONE = published(1, "a", Role.RULING, 1)
SHADOW = published(2, "b", Role.SHADOW, 1)
LATER = published(3, "b", Role.RULING, 10)


def shown(*versions: ModelVersion, day: int) -> list[tuple[int, bool]]:
    """Return the versions that rate on a day of July, and whether they rule."""
    return [(one.version.number, one.rules) for one in running_on(versions, date(2026, 7, day))]


def test_one_rules_and_others_run_beside_it() -> None:
    assert shown(ONE, SHADOW, day=1) == [(1, True), (2, False)]
    assert shown(SHADOW, ONE, day=5) == [(1, True), (2, False)]


def test_another_rules_from_its_day_on() -> None:
    assert shown(ONE, SHADOW, LATER, day=9) == [(1, True), (2, False)]
    assert shown(LATER, SHADOW, ONE, day=10) == [(1, False), (3, True)]


def test_of_one_day_the_last_published_rules() -> None:
    again = published(4, "a", Role.RULING, 10)
    assert shown(ONE, SHADOW, LATER, again, day=10) == [(4, True), (3, False)]


def test_a_shadow_does_not_take_away_what_rules() -> None:
    assert shown(ONE, published(2, "a", Role.SHADOW, 5), day=6) == [(1, True)]


def test_before_any_has_begun_nobody_is_rated() -> None:
    assert running_on([LATER], date(2026, 7, 9)) == ()
