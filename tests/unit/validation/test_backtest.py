"""The back-test passes on what was known on its days, and fails when what came after a default is let in."""

from datetime import date

import pytest

from rules.rating.loading import load_models
from validation.backtest import MOST_OF_ATTAINABLE, back_test, is_held_out
from validation.observations import Observation
from validation.sample_city import CityPlan, observe

EXPERT = load_models()["public_v1"].model
# Between the days and the last one of the city lie two years, in which all that follows a default comes about.
PLAN = CityPlan(3000, 1, date(2026, 6, 30), (24, 30))


def test_on_what_was_known_no_card_finds_more_than_can_be_known() -> None:
    found = back_test(EXPERT, list(observe(PLAN, EXPERT.indicators, processes=1)), with_fit=False)
    assert found.failures == ()
    every = found.parts[-1]
    assert every.expert.bad > 30
    assert 0.5 < every.expert.auc.value < every.attainable.auc.value
    assert found.as_json()["parts"][-1]["expert"]["share_of_attainable"] == round(every.share(every.expert), 4)


def test_with_records_of_after_the_default_it_fails_as_a_leak() -> None:
    leaking = list(observe(PLAN, EXPERT.indicators, known_by=lambda day: PLAN.as_of, processes=1))
    found = back_test(EXPERT, leaking, with_fit=False)
    every = found.parts[-1]
    assert every.share(every.expert) > MOST_OF_ATTAINABLE
    assert any("事后" in failure for failure in found.failures)


def drawn(day: date, number: int, score_tells: bool) -> Observation:
    is_bad = number % 20 == 0
    values = {"penalties_36m": 6_000_000 if is_bad is score_tells and number % 3 == 0 else 0}
    return Observation(f"91630102MA{number:08}", day, values, is_bad, 0.9 if is_bad else 0.1)


@pytest.mark.parametrize("score_tells", [True, False])
def test_parts_are_the_last_day_and_the_enterprises_held_out(score_tells: bool) -> None:
    days = (date(2024, 6, 30), date(2025, 6, 30))
    observations = [drawn(day, number, score_tells) for day in days for number in range(400)]
    parts = {one.id: one for one in back_test(EXPERT, observations, with_fit=False).parts}
    assert parts["out_of_time"].expert.bad == 20
    kept = sum(is_held_out(one.subject) for one in observations) // 2
    out_of_sample = parts["out_of_sample"].expert
    assert out_of_sample.bad + out_of_sample.good == kept
    assert 0.2 < kept / 400 < 0.4
    assert parts["unseen"].expert.bad == 20 + out_of_sample.bad
    assert (parts["expert_on_all"].expert.auc.value > 0.5) is score_tells
