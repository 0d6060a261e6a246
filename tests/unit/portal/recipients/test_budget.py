"""A budget counts a day and an enterprise, over all recipients, and gives each of them half at most."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from portal.recipients.budget import QuestionBudget

DAY = date(2026, 3, 2)
_ASKED = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["A", "B"])), max_size=60)


@given(_ASKED, st.integers(2, 12))
def test_never_more_than_it_says(asked: list[tuple[str, str]], most: int) -> None:
    budget = QuestionBudget(most)
    answered = [pair for pair in asked if budget.takes(*pair, DAY)]
    for subject in "AB":
        assert sum(one == subject for _, one in answered) <= most
        for recipient in "abc":
            assert answered.count((recipient, subject)) <= max(1, most // 2)


@given(_ASKED, st.integers(2, 12))
def test_what_was_counted_again_leaves_as_much_as_what_was_answered(asked: list[tuple[str, str]], most: int) -> None:
    first, again = QuestionBudget(most), QuestionBudget(most)
    for pair in asked:
        if first.takes(*pair, DAY):
            again.note(*pair, DAY)
    for pair in (("a", "A"), ("b", "B"), ("d", "A")):
        assert first.takes(*pair, DAY) is again.takes(*pair, DAY)


def test_a_day_that_is_over_counts_no_more_and_a_clock_that_is_set_back_brings_nothing() -> None:
    budget = QuestionBudget(2)
    assert budget.takes("a", "A", DAY)
    assert not budget.takes("a", "A", DAY)
    assert budget.takes("a", "A", DAY + timedelta(days=1))
    assert not budget.takes("a", "A", DAY)
    budget.note("b", "A", DAY - timedelta(days=1))
    assert budget.takes("b", "A", DAY)
