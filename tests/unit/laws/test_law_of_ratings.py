"""The laws of ratings, over every shipped model: what is better for an enterprise never lowers its score."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.indicators.definitions import load_indicators
from rules.indicators.facts import Fact, millionths
from rules.indicators.groups import groups_of
from rules.indicators.plain import plain_values
from rules.rating.grades import ALL_GRADES, GRADES, MOST_POINTS
from rules.rating.loading import load_models
from rules.rating.model import Direction
from rules.rating.scoring import Scorer, Values

SCORERS = {name: Scorer(shipped.model) for name, shipped in load_models().items()}
SUBJECTS = st.sampled_from(["91630102MA0000001X", "92630102MA0000001X"])
DAY = date(2026, 7, 1)
PENALTY = "administration.penalty"
PENALTIES = groups_of([one for one in load_indicators() if one.group == PENALTY])

models = pytest.mark.parametrize("scorer", SCORERS.values(), ids=SCORERS)


def values_of(scorer: Scorer) -> st.SearchStrategy[dict[str, int | None]]:
    """Draw values, many of them at a limit or beside it."""
    drawn = {}
    limits = {card.indicator: card.limits for card in scorer.model.cards}
    for name in sorted(scorer.model.indicators):
        near = [limit + step for limit in limits.get(name, (1_000_000,)) for step in (-1, 0, 1)]
        drawn[name] = st.none() | st.sampled_from([0, *near]) | st.integers(-(10**13), 10**15)
    return st.fixed_dictionaries(drawn)


@models
@given(data=st.data())
def test_the_score_goes_with_each_indicator(scorer: Scorer, data: st.DataObject) -> None:
    """More of what is good never lowers a score, and more of what is bad never raises one."""
    subject, values = data.draw(SUBJECTS), data.draw(values_of(scorer))
    card = data.draw(st.sampled_from(scorer.model.cards))
    two = sorted(data.draw(st.tuples(*[st.integers(-(10**12), 10**14)] * 2)))
    if {segment.indicator for segment in scorer.model.segments} & {card.indicator}:
        return
    scores = [scorer.rate(subject, values | {card.indicator: number}, (), DAY).score for number in two]
    assert scores == sorted(scores, reverse=card.direction is Direction.DOWN)


@models
@given(data=st.data())
def test_to_be_told_of_something_bad_never_raises_a_score(scorer: Scorer, data: st.DataObject) -> None:
    """[…] nor does the first record of an item, by which an indicator becomes known."""
    subject, values = data.draw(SUBJECTS), data.draw(values_of(scorer))
    against = [card for card in scorer.model.cards if card.absent == 0 and card.direction is Direction.DOWN]
    name = data.draw(st.sampled_from(against)).indicator
    unknown = scorer.rate(subject, {**values, name: None}, (), DAY)
    known = scorer.rate(subject, {**values, name: data.draw(st.integers(0, 10**9))}, (), DAY)
    assert known.score <= unknown.score
    assert known.coverage == unknown.coverage


@models
@given(
    told=st.lists(st.tuples(st.integers(0, 3650), st.integers(0, 10**7), st.sampled_from(["罚款", "责令关闭", None])))
)
def test_more_penalties_never_raise_a_score(scorer: Scorer, told: list[tuple[int, int, str | None]]) -> None:
    """From the records on, by the plain definition of the indicators."""
    facts = [_penalty(*one) for one in told]
    scores = [scorer.rate("91630102MA0000001X", _values(facts[:count]), (), DAY) for count in range(len(facts) + 1)]
    for before, after in pairwise(scores):
        assert after.score <= before.score
        assert ALL_GRADES.index(after.proposed) >= ALL_GRADES.index(before.proposed) or before.proposed not in GRADES


@models
@given(data=st.data())
def test_every_lost_point_has_its_reason(scorer: Scorer, data: st.DataObject) -> None:
    rating = scorer.rate(data.draw(SUBJECTS), data.draw(values_of(scorer)), (), DAY)
    assert 0 <= rating.score <= MOST_POINTS
    assert 0 <= rating.coverage <= MOST_POINTS
    lost = sum(reason.points for reason in rating.lowered)
    # What is unknown loses points as well, and is told among the missing sources.
    assert lost == MOST_POINTS - rating.score if not rating.missing else lost <= MOST_POINTS - rating.score
    assert [reason.points for reason in rating.lowered] == sorted((r.points for r in rating.lowered), reverse=True)
    assert all(reason.points > 0 for reason in (*rating.lowered, *rating.raises))
    assert {reason.indicator for reason in rating.raises} == {reason.indicator for reason in rating.lowered}


@models
@given(data=st.data())
def test_what_would_raise_a_score_raises_it_by_so_much(scorer: Scorer, data: st.DataObject) -> None:
    subject, values = data.draw(SUBJECTS), data.draw(values_of(scorer))
    rating = scorer.rate(subject, values, (), DAY)
    cards = {card.indicator: card for card in scorer.model.cards}
    asked = {segment.indicator for segment in scorer.model.segments}
    for way in rating.raises:
        if way.indicator in asked:
            continue
        limits = cards[way.indicator].limits
        reached = [min(limits) - 1, *limits]
        scores = {scorer.rate(subject, values | {way.indicator: number}, (), DAY).score for number in reached}
        assert rating.score + way.points in scores


def _penalty(day: int, amount: int, kind: str | None) -> Fact:
    moment = datetime(2026, 7, 1, tzinfo=UTC) - timedelta(days=day)
    said = {"decision_date": moment.date(), "fine_amount": Decimal(amount), "penalty_type": kind}
    return Fact(moment, said)


def _values(facts: list[Fact]) -> Values:
    known = {"registered_capital": 10**13}
    if not facts:
        return known
    told = plain_values(PENALTIES, {PENALTY: facts}, DAY)[PENALTY]
    return known | {name: None if value is None else millionths(value) for name, value in told.items()}
