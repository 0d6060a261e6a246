"""The figures of a model's ratings, by hand."""

from datetime import date

import pytest

from rules.rating.outcomes import OverdueOutcome
from validation.monitoring import Monitoring, RatedOn, monitor, ratings_on

BEFORE, LATER, NOW = date(2025, 1, 31), date(2025, 4, 30), date(2026, 6, 30)
RATINGS = {
    "a": [RatedOn(date(2025, 1, 1), 900, "优"), RatedOn(date(2025, 5, 1), 500, "差")],
    "b": [RatedOn(date(2025, 1, 1), 850, "良")],
    "c": [RatedOn(date(2025, 1, 1), 400, "差")],
    "d": [RatedOn(date(2025, 3, 1), 700, "中")],
}


def found() -> Monitoring:
    days = {BEFORE: {"a": 0, "b": 45, "c": 200, "d": 0}, LATER: {"a": 10, "b": 95, "c": 91, "d": 0}}
    outcomes = [OverdueOutcome(one, day, overdue) for day, own in days.items() for one, overdue in own.items()]
    return monitor("small", RATINGS, outcomes, BEFORE, NOW)


def test_a_rating_holds_until_the_next_one() -> None:
    assert {name: one.grade for name, one in ratings_on(RATINGS, BEFORE).items()} == {"a": "优", "b": "良", "c": "差"}
    assert ratings_on(RATINGS, date(2025, 5, 1))["a"].grade == "差"
    assert ratings_on(RATINGS, date(2024, 12, 31)) == {}


def test_outcomes_are_judged_by_the_rating_of_their_day() -> None:
    report = found()
    # d had no rating on the first day, and b's outcome of it is open.
    assert (report.unrated, report.indeterminate, report.rated) == (1, 1, 4)
    assert report.discrimination is not None
    # Bad: 400, 850, 400; good: 900, 900, 700. Only 850 is above a good one (700).
    assert report.discrimination.auc.value == pytest.approx(8 / 9)
    counted = {one.name: (one.good, one.bad) for one in report.grades}
    assert counted == {"优": (2, 0), "良": (0, 1), "中": (1, 0), "差": (0, 2), "待观察": (0, 0), "不评价": (0, 0)}
    assert report.grades[-1].bad_rate is None


def test_grades_move() -> None:
    moved = {(was, now): count for was, own in found().migration.items() for now, count in own.items() if count}
    assert moved == {("优", "差"): 1, ("良", "良"): 1, ("差", "差"): 1}


def test_what_is_expected_comes_from_the_reference_day() -> None:
    # The scores of that day part bands at 400, 850 and 900.
    bands = {one.name: (one.expected, one.observed.good, one.observed.bad) for one in found().calibration}
    assert bands["400–849"] == (1.0, 1, 1)
    assert bands["850–899"] == (None, 0, 1)
    assert bands["900–1000"] == (0.0, 1, 0)


def test_an_unmoved_spread_has_no_index() -> None:
    assert monitor("small", RATINGS, [], BEFORE, BEFORE).stability == 0
    assert found().stability > 0.25
    assert monitor("small", RATINGS, [], BEFORE, NOW).as_json()["auc"] is None
    assert monitor("small", {}, [], BEFORE, NOW).rated == 0
