"""The sample city can judge a rating: kinds overlap, defaults follow the hidden quality, some come without a sign."""

from collections import Counter
from datetime import date

import pytest

from catalogue.months import month_number
from rules.rating.outcomes import BAD_DAYS, OutcomeKind
from simulation.enterprises import Enterprise, found_city
from simulation.lives import attainable
from simulation.loans import days_overdue, has_loan, outcomes
from simulation.overlap import auc, overlap

AS_OF = date(2026, 6, 30)
_MONTHS = tuple(month_number(AS_OF) - ago for ago in (13, 19, 25, 31, 37, 43))


@pytest.fixture(scope="module")
def city() -> tuple[Enterprise, ...]:
    return found_city(4000, 1, AS_OF)


def test_healthy_ones_have_records_and_some_defaulters_none(city: tuple[Enterprise, ...]) -> None:
    found = overlap(city, AS_OF)
    assert 0.10 <= found.healthy_with_record <= 0.25
    assert 0.20 <= found.defaulters_without <= 0.50
    assert 0.02 <= found.yearly_rate <= 0.05
    # The better, the fewer; and nobody is safe.
    assert list(found.by_fifth) == sorted(found.by_fifth, reverse=True)
    assert 0.03 < found.by_fifth[-1] < found.by_fifth[0] < 0.8


def test_outcomes_follow_the_hidden_quality(city: tuple[Enterprise, ...]) -> None:
    by_code = {one.uscc: one for one in city}
    found = list(outcomes(city, _MONTHS))
    counts = Counter(one.kind for one in found)
    assert 0.01 <= counts[OutcomeKind.BAD] / len(found) <= 0.05
    assert 0.01 <= counts[OutcomeKind.INDETERMINATE] / len(found) <= 0.10
    told = [one for one in found if one.kind is not OutcomeKind.INDETERMINATE]
    chances = [attainable(by_code[one.subject].life, one.month) for one in told]
    assert 0.77 <= auc(chances, [one.kind is OutcomeKind.BAD for one in told]) <= 0.88
    # It is a probability: as many default as it says.
    assert sum(chances) == pytest.approx(counts[OutcomeKind.BAD], rel=0.35)


def test_a_loan_is_ninety_days_overdue_in_the_month_of_the_default_and_not_before(city: tuple[Enterprise, ...]) -> None:
    assert 0.35 <= sum(map(has_loan, city)) / len(city) <= 0.65
    for one in city:
        default = one.life.default
        if default is not None:
            assert days_overdue(one, default) >= BAD_DAYS > days_overdue(one, default - 1)


def test_what_follows_a_default_shows(city: tuple[Enterprise, ...]) -> None:
    lives = [one.life for one in city if one.life.default is not None and len(one.life.size) > one.life.at(0) + 18]
    after = [life for life in lives if life.default is not None and life.default + 12 < life.first + len(life.size)]
    shrunk = [life.size[life.at((life.default or 0) + 12)] / life.size[life.at(life.default or 0)] for life in after]
    assert 0.6 < sum(shrunk) / len(shrunk) < 0.9
    assert sum(one.ended < AS_OF for one in city if one.life.default) > 2 * sum(
        one.ended < AS_OF for one in city if not one.life.default
    ) * len(lives) / len(city)
