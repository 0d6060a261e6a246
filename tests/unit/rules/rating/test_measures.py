"""What a score is worth: by hand, and by laws."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.rating.measures import difference, discrimination, stability

OUTCOMES = st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=2, max_size=60).filter(
    lambda own: 0 < sum(bad for _, bad in own) < len(own)
)


def test_by_hand() -> None:
    # Pairs of a bad (3, 1) and a good one (2, 1, 0): 3 beats all three; 1 beats 0 and ties with 1.
    found = discrimination([3, 1, 2, 1, 0], [True, True, False, False, False])
    assert found.auc.value == pytest.approx((3 + 1.5) / 6)
    assert found.gini == pytest.approx(0.5)
    # Above 2: half of the bad, none of the good; above 0: all of the bad, two of three good ones.
    assert found.ks == pytest.approx(1 / 2)
    assert (found.bad, found.good) == (2, 3)
    assert found.auc.low < found.auc.value < found.auc.high


@given(OUTCOMES)
def test_turned_round_it_is_the_other_half(told: list[tuple[int, bool]]) -> None:
    risks, is_bad = [one for one, _ in told], [bad for _, bad in told]
    found, turned = discrimination(risks, is_bad), discrimination([-one for one in risks], is_bad)
    assert found.auc.value + turned.auc.value == pytest.approx(1)
    assert 0 <= found.auc.low <= found.auc.value <= found.auc.high <= 1


@given(OUTCOMES)
def test_the_order_alone_counts(told: list[tuple[int, bool]]) -> None:
    risks, is_bad = [one for one, _ in told], [bad for _, bad in told]
    assert discrimination([math.exp(one) for one in risks], is_bad) == discrimination(risks, is_bad)
    assert difference([3 * one for one in risks], risks, is_bad) == pytest.approx((0, 0, 0))


def test_more_outcomes_make_the_interval_narrower() -> None:
    risks, is_bad = [3, 1, 2, 1, 0], [True, True, False, False, False]
    few, many = discrimination(risks, is_bad), discrimination(risks * 50, is_bad * 50)
    assert many.auc.value == pytest.approx(few.auc.value)
    assert many.auc.high - many.auc.low < (few.auc.high - few.auc.low) / 3


def test_one_kind_alone_says_nothing() -> None:
    with pytest.raises(ValueError, match="one of each"):
        discrimination([1, 2], [False, False])


def test_an_unmoved_spread_has_no_index_and_a_moved_one_has() -> None:
    assert stability([10, 20, 70], [1, 2, 7]) == pytest.approx(0)
    moved = stability([50, 50], [25, 75])
    assert moved == pytest.approx(-0.25 * math.log(0.5) + 0.25 * math.log(1.5))
    assert math.isfinite(stability([50, 50], [100, 0]))
