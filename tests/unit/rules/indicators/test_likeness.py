"""Which indicators order enterprises alike."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.indicators.likeness import FEWEST, alike, spearman
from tests.builders.indicators import indicator, series

NUMBERS = st.decimals(-1000, 1000, places=2)


def test_ranks_and_not_sizes_are_compared() -> None:
    rising = [(Decimal(n), Decimal(n) ** 3) for n in range(10)]
    assert spearman(rising) == pytest.approx(1)
    assert spearman([(one, -other) for one, other in rising]) == pytest.approx(-1)


def test_equal_values_have_their_mean_rank() -> None:
    # Worked out by hand: ranks 1, 2.5, 2.5, 4 and 1, 3, 2, 4.
    pairs = [(Decimal(a), Decimal(b)) for a, b in ((1, 1), (2, 3), (2, 2), (3, 4))]
    assert spearman(pairs) == pytest.approx(4.5 / (4.5 * 5) ** 0.5)


def test_what_never_differs_is_like_nothing() -> None:
    assert spearman([(Decimal(1), Decimal(n)) for n in range(5)]) is None


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=2, max_size=20))
def test_it_lies_between_minus_one_and_one_whatever_the_order(pairs: list[tuple[Decimal, Decimal]]) -> None:
    found = spearman(pairs)
    assert found == spearman([(other, one) for one, other in pairs])
    assert found is None or -1.000001 <= found <= 1.000001


def test_pairs_that_are_alike_are_named_with_what_is_said_to_them() -> None:
    s = series()
    own = [
        indicator("a", "sum(s)", s), indicator("b", "max(s)", s, alike={"a": "最大一笔"}), indicator("c", "min(s)", s),
        indicator("d", "count(s)", s),
    ]  # fmt: skip
    everybody = {f"S{n}": Decimal(n) for n in range(FEWEST)}
    values = {
        "a": everybody, "b": everybody, "c": {one: -n for one, n in everybody.items()},
        "d": dict(list(everybody.items())[1:]),
    }  # fmt: skip
    assert [(pair.one, pair.other, round(pair.coefficient), pair.why) for pair in alike(own, values)] == [
        ("a", "c", -1, ""), ("b", "c", -1, ""), ("a", "b", 1, "最大一笔"),
    ]  # fmt: skip
