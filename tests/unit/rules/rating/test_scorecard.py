"""Bands that go one way, and whole points that add up."""

import math
from bisect import bisect_right
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.rating.checks import check_card, check_model
from rules.rating.loading import load_models
from rules.rating.model import Card, Direction
from rules.rating.scorecard import Bands, bands_of, fitted_model, with_shares
from rules.rating.scoring import Scorer

MILLION, DAY = 1_000_000, date(2026, 7, 1)
EXPERT = load_models()["public_v1"].model
CARDS = {card.indicator: card for card in EXPERT.cards}
PENALTIES, CAPITAL = CARDS["penalties_36m"], CARDS["registered_capital"]
OBSERVED = st.lists(
    st.tuples(st.one_of(st.none(), st.integers(0, 6).map(lambda one: one * MILLION)), st.booleans()),
    min_size=2,
    max_size=80,
).filter(lambda own: 0 < sum(bad for _, bad in own) < len(own))
LIMITS = st.lists(st.integers(1, 6).map(lambda one: one * MILLION), max_size=4)


@given(st.sampled_from([PENALTIES, CAPITAL]), OBSERVED, LIMITS)
def test_risk_goes_with_the_direction(card: Card, observed: list[tuple[int | None, bool]], limits: list[int]) -> None:
    found = bands_of(card, limits, [value for value, _ in observed], [bad for _, bad in observed])
    assert set(found.limits) <= set(limits)
    assert len(found.evidence) == len(found.limits) + 1
    ordered = sorted(found.evidence, reverse=card.direction is Direction.UP)
    assert list(found.evidence) == ordered
    # What is unknown is neither better nor worse than all that is known.
    assert min(found.evidence) <= found.unknown <= max(found.evidence)


def test_who_is_on_no_list_is_known_to_be_on_none() -> None:
    values: list[int | None] = [None] * 90 + [MILLION] * 10
    found = bands_of(PENALTIES, [MILLION], values, [False] * 88 + [True] * 2 + [True] * 5 + [False] * 5)
    assert found.limits == (MILLION,)
    assert found.evidence[0] < 0 < found.evidence[1]
    assert found.of(0) == found.evidence[0]


def test_a_band_of_few_says_little() -> None:
    def worst(times: int) -> float:
        values = [0] * 1000 * times + [MILLION] * 10 * times
        is_bad = ([False] * 980 + [True] * 20) * times + ([True] * 5 + [False] * 5) * times
        return bands_of(PENALTIES, [MILLION], values, is_bad).evidence[-1]

    # Without end it would say that half of them are bad, and of all 25 of 1010.
    assert 0 < worst(1) < worst(10) < worst(100) < math.log(985 / 25)


def drawn_bands(risks: dict[str, list[float]]) -> list[Bands]:
    found = []
    for name, evidence in risks.items():
        card = CARDS[name]
        ordered = sorted(evidence, reverse=card.direction is Direction.UP)
        limits = tuple((place + 1) * MILLION for place in range(len(ordered) - 1))
        found.append(Bands(name, limits, tuple(ordered), sum(ordered) / len(ordered)))
    return found


EVIDENCE = st.dictionaries(
    st.sampled_from(sorted(CARDS)),
    st.lists(st.floats(-2, 2).map(lambda one: round(one, 3)), min_size=2, max_size=5, unique=True),
    min_size=1,
    max_size=12,
)


@given(EVIDENCE, st.integers(1, 9))
def test_points_are_whole_go_one_way_and_add_up(risks: dict[str, list[float]], weight: int) -> None:
    bands = drawn_bands(risks)
    coefficients = {one.indicator: weight / (place + 1) for place, one in enumerate(bands)}
    model = fitted_model(EXPERT, bands, coefficients, "fitted", "拟合")
    check_model(model)
    for card in model.cards:
        check_card(card, [one.id for one in model.segments])
    assert (model.vetoes, model.segments, model.basis) == (EXPERT.vetoes, EXPERT.segments, EXPERT.basis)


@given(EVIDENCE, st.dictionaries(st.sampled_from(sorted(CARDS)), st.integers(0, 6 * MILLION)))
def test_the_model_scores_as_its_bands_say(risks: dict[str, list[float]], values: dict[str, int]) -> None:
    bands = drawn_bands(risks)
    model = fitted_model(EXPERT, bands, dict.fromkeys(risks, 1.0), "fitted", "拟合")
    rating = Scorer(model).rate("91630102MA0000001X", values, (), DAY)
    expected = 0
    for card in model.cards:
        value = values.get(card.indicator, card.absent)
        (points,) = {*card.points.values()}
        expected += card.unknown[rating.segment] if value is None else points[bisect_right(card.limits, value)]
    assert rating.score == expected


def test_what_tells_nothing_has_no_card() -> None:
    bands = drawn_bands({"penalties_36m": [0.1, 0.5], "coercion_36m": [0.1, 0.2]})
    model = fitted_model(EXPERT, bands, {"penalties_36m": 1.0, "coercion_36m": -0.2}, "fitted", "拟合")
    assert [(card.indicator, card.points["new"]) for card in model.cards] == [("penalties_36m", (1000, 0))]
    with pytest.raises(ValueError, match="no indicator"):
        fitted_model(EXPERT, bands, {}, "fitted", "拟合")


def test_thresholds_give_the_grades_their_shares() -> None:
    scores = list(range(100, 1000, 10))
    grades = ["优"] * 9 + ["良"] * 27 + ["中"] * 36 + ["差"] * 18
    model = with_shares(EXPERT, scores, grades)
    check_model(model)
    assert [sum(one >= least for one in scores) for least in model.thresholds.values()] == [9, 36, 72]


def test_thresholds_fall_where_all_have_the_same_score() -> None:
    check_model(with_shares(EXPERT, [0] * 5, ["差"] * 5))
    check_model(with_shares(EXPERT, [1000] * 5, ["优"] * 5))
