"""Entry after days, exit at once, and nothing between the thresholds."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.lists.definition import ListDefinition
from rules.lists.membership import Membership, RatedFacts, Status, decide
from tests.builders.lists import AT_ONCE, EVERY, MERIT, WARNING, rated, ratings

DAY = date(2026, 7, 1)
GOOD, BETWEEN, POOR = rated(850, "良"), rated(750, "中"), rated(300, "差")
definitions = pytest.mark.parametrize("definition", EVERY, ids=lambda one: one.id)


def after(definition: ListDefinition, *daily: RatedFacts | None) -> Membership:
    """Return the membership at the end of the last of some days, each with the rating of its end."""
    found: Membership | None = None
    for number, rating in enumerate(daily):
        found = decide(found, rating, DAY + timedelta(number), definition)
    assert found is not None
    return found


def test_a_merit_is_entered_after_its_days_in_a_row() -> None:
    waiting: Membership = after(MERIT, GOOD, GOOD)
    assert waiting.due(MERIT) == DAY + timedelta(2)
    assert waiting == (Status.WAITING, DAY, DAY, ("DAYS",))
    assert after(MERIT, GOOD, GOOD, GOOD) == (Status.MEMBER, DAY + timedelta(2), None, ())
    assert after(MERIT, GOOD, GOOD, BETWEEN, GOOD, GOOD).status is Status.WAITING
    assert after(AT_ONCE, GOOD).is_member


def test_a_merit_is_kept_down_to_its_lower_threshold() -> None:
    member = (GOOD, GOOD, GOOD)
    assert after(MERIT, *member, BETWEEN, BETWEEN).is_member
    assert after(MERIT, *member, rated(699, "中")) == (Status.OUT, DAY + timedelta(3), None, ("SCORE", "GRADE"))
    # Whoever left waits anew.
    assert after(MERIT, *member, POOR, GOOD).status is Status.WAITING


def test_a_veto_exits_at_once_and_is_named() -> None:
    assert after(MERIT, GOOD, GOOD, GOOD, rated(900, "中", "listed")).reasons == ("VETO:listed",)


def test_it_is_said_why_somebody_is_not_on_a_merit() -> None:
    for rating, reasons in (
        (None, ("NO_RATING",)),
        (rated(850, "待观察"), ("LITTLE_KNOWN",)),
        # Nobody learns of the veto of an individual before a person has decided.
        (rated(850, "待观察", "listed", waits=True), ("REVIEW_PENDING",)),
        (rated(799, "良"), ("SCORE",)),
        (rated(850, "中"), ("GRADE",)),
    ):
        assert after(MERIT, rating).reasons == reasons


def test_where_a_person_decided_the_grade_alone_is_looked_at() -> None:
    assert after(AT_ONCE, rated(300, "良", reviewed=True)).is_member
    assert not after(AT_ONCE, rated(900, "差", reviewed=True)).is_member
    assert not after(WARNING, rated(300, "良", "listed", reviewed=True)).is_member


def test_a_warning_comes_at_once_and_is_waited_out() -> None:
    assert after(WARNING, GOOD) == (Status.OUT, DAY, None, ())
    assert after(WARNING, GOOD, rated(350, "中")).reasons == ("SCORE",)
    assert after(WARNING, rated(900, "中", "listed")).reasons == ("VETO:listed",)
    assert after(WARNING, POOR, rated(450, "中")).reasons == ("BETWEEN",)
    clearing = after(WARNING, POOR, GOOD, GOOD, GOOD)
    assert (clearing.status, clearing.since, clearing.reasons) == (Status.MEMBER, DAY, ("CLEARING",))
    assert after(WARNING, POOR, GOOD, GOOD, GOOD, GOOD).status is Status.OUT
    assert after(WARNING, POOR, GOOD, POOR, GOOD, GOOD, GOOD).is_member


def test_what_a_person_decides_first_neither_warns_nor_clears() -> None:
    waits = rated(300, "待观察", "listed", waits=True)
    assert not after(WARNING, waits).is_member
    assert after(WARNING, POOR, waits).reasons == ("GRADE", "SCORE")
    assert after(WARNING, rated(300, "待观察")).reasons == ()


def test_who_is_no_more_is_on_no_list() -> None:
    gone = rated(300, "不评价", "gone")
    assert after(WARNING, POOR, gone) == (Status.OUT, DAY + timedelta(1), None, ())
    assert after(MERIT, GOOD, GOOD, GOOD, rated(900, "不评价", "gone")).reasons == ("VETO:gone",)


@definitions
@given(daily=st.lists(ratings(), min_size=1, max_size=12), again=st.integers(0, 3))
def test_a_second_look_changes_nothing(definition: ListDefinition, daily: list[RatedFacts], again: int) -> None:
    """[…] nor does one on a later day before the counted days end, nor one on an earlier day with the same rating."""
    found = after(definition, *daily)
    day = DAY + timedelta(len(daily) - 1)
    assert decide(found, daily[-1], day, definition) == found
    later, due = day + timedelta(again), found.due(definition)
    if due is None or later < due:
        assert decide(found, daily[-1], later, definition) == found
    else:
        ended = decide(found, daily[-1], due, definition)
        assert decide(ended, daily[-1], day, definition) == ended


@given(daily=st.lists(ratings(), max_size=12), score=st.integers(0, 1000), grade=st.sampled_from(["优", "良"]))
def test_a_veto_is_never_on_a_merit(daily: list[RatedFacts], score: int, grade: str) -> None:
    assert not after(MERIT, *daily, rated(score, grade, "listed")).is_member


@given(daily=st.lists(ratings(), min_size=1, max_size=12), score=st.integers(700, 799), more=st.integers(1, 40))
def test_between_the_thresholds_nobody_enters_or_leaves_a_merit(daily: list[RatedFacts], score: int, more: int) -> None:
    before = after(MERIT, *daily)
    assert after(MERIT, *daily, *[rated(score, "中")] * more).is_member == before.is_member


@given(daily=st.lists(ratings(), min_size=1, max_size=12), score=st.integers(400, 499), more=st.integers(1, 40))
def test_between_the_thresholds_nobody_enters_or_leaves_a_warning(
    daily: list[RatedFacts], score: int, more: int
) -> None:
    before = after(WARNING, *daily)
    assert after(WARNING, *daily, *[rated(score, "中")] * more).is_member == before.is_member
