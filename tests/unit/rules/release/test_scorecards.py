"""A scorecard is its text, its score is that of the plain reading, and no card tells more than bands do."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.release.askable import BELOW_ALL, askable_indicators
from rules.release.predicate import BadQuestion
from rules.release.scorecards import (
    MOST_BINS,
    MOST_BYTES,
    MOST_VARIABLES,
    CardBin,
    CardVariable,
    RecipientCard,
    card_digest,
    check_card,
    read_card,
)

ASKABLE = askable_indicators()
FEW = sorted((one for one in ASKABLE.values() if one.limits), key=lambda one: one.id)[:5]
POINTS = st.decimals(-1000, 1000, places=2)
CARD: dict[str, Any] = {
    "id": "sme2026",
    "zh": "样例小微评分卡",
    "base": 500,
    "variables": [
        {
            "indicator": "tax_paid_12m",
            "bins": [{"below": 100000, "points": -20}, {"below": 1000000, "points": 10.5}, {"points": 30}],
            "missing": 0,
        }
    ],
}


@st.composite
def cards(draw: st.DrawFn) -> RecipientCard:
    """Draw a card that may be registered."""
    variables = []
    for one in draw(st.lists(st.sampled_from(FEW), min_size=1, max_size=4, unique=True)):
        limits = sorted(draw(st.sets(st.sampled_from(one.limits or ()), max_size=3)))
        bins = (*(CardBin(limit, draw(POINTS)) for limit in limits), CardBin(None, draw(POINTS)))
        variables.append(CardVariable(one.id, bins, draw(st.none() | POINTS)))
    return RecipientCard("card1", "样例", draw(POINTS), tuple(variables))


def _plain(card: RecipientCard, values: Mapping[str, Decimal | None]) -> Decimal | None:
    """Score as one reads it, from the values themselves."""
    total = card.base
    for one in card.variables:
        value = values[one.indicator]
        if value is None:
            if one.missing is None:
                return None
            total += one.missing
            continue
        for each in one.bins:
            if each.below is None or value < each.below:
                total += each.points
                break
    return total


@given(cards())
def test_a_card_is_read_back_as_it_was_written(card: RecipientCard) -> None:
    text = card.text()
    assert read_card(text) == card
    assert read_card(text).text() == text
    assert len(card_digest(text)) == 64
    check_card(card, ASKABLE)


_VALUES = st.none() | st.decimals(-(10**8), 10**8, places=2) | st.sampled_from(FEW[0].limits or ())


@given(cards(), st.fixed_dictionaries({one.id: _VALUES for one in FEW}))
def test_a_score_is_that_of_the_plain_reading(card: RecipientCard, values: Mapping[str, Decimal | None]) -> None:
    told = {one.id: one.told(values[one.id]) for one in FEW}
    assert card.score(told) == _plain(card, values)


@pytest.mark.attack(by="a bank that registers cards", wants="an amount, by the sum of cleverly chosen points")
@given(cards(), st.data())
def test_of_values_in_the_same_bands_every_card_scores_alike(card: RecipientCard, data: st.DataObject) -> None:
    told: dict[str, Decimal | None] = {}
    again: dict[str, Decimal | None] = {}
    for indicator in FEW:
        place = data.draw(st.sampled_from([BELOW_ALL, *(indicator.limits or ())]))
        limits = indicator.limits or ()
        low = limits[0] - 1000 if place == BELOW_ALL else place
        high = next((one for one in limits if one > low), low + 1000)
        within = st.decimals(low, high, places=4).filter(high.__gt__)
        told[indicator.id], again[indicator.id] = (indicator.told(data.draw(within)) for _ in range(2))
    assert card.score(told) == card.score(again)


def _changed(**changes: Any) -> str:
    return json.dumps(CARD | changes)


def _variable(**changes: Any) -> str:
    return _changed(variables=[CARD["variables"][0] | changes])


def test_a_card_of_json_numbers_is_read_exactly() -> None:
    card = read_card(json.dumps(CARD))
    assert card.variables[0].bins[1] == CardBin(Decimal(1000000), Decimal("10.5"))
    assert card.score({"tax_paid_12m": Decimal(100000)}) == Decimal("510.5")
    assert card.score({"tax_paid_12m": None}) == 500
    assert read_card(_variable(missing=None)).score({"tax_paid_12m": None}) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "JSON"),
        ("[]", "不是一个对象"),
        (_changed(id="SME"), "id 不合要求"),
        (_changed(zh=""), "名称"),
        (_changed(base="many"), "不是数"),
        (_changed(base=10**9), "分值不合要求"),
        (_changed(base=0.00001), "分值不合要求"),
        (_changed(variables=[]), "应有1至"),
        (_changed(owner="x"), "不认识的 owner"),
        (_variable(indicator=7), "不是文字"),
        (_variable(bins=[{"below": 100000, "points": 1}]), "最后一档"),
        (_variable(bins=[{"points": 1}, {"points": 2}]), "最后一档"),
        (_variable(bins=[{"below": 1000000, "points": 1}, {"below": 100000, "points": 1}, {"points": 2}]), "由小到大"),
        (_variable(bins=[{"points": True}]), "不是数"),
        (_changed(variables=CARD["variables"] * 2), "出现两次"),
    ],
)
def test_what_is_wrong_with_a_card_is_told(text: str, said: str) -> None:
    with pytest.raises(BadQuestion, match=said):
        read_card(text)


@pytest.mark.attack(by="a bank that registers cards", wants="a card that is code, or takes the memory or the time")
def test_a_card_that_is_a_bomb() -> None:
    for text in (
        "[" * 50_000,
        '{"id":' * 10_000,
        _changed(zh="x" * MOST_BYTES),
        '{"id": "a", "id": "b", "zh": "x", "base": 0, "variables": []}',
        json.dumps(CARD).replace("500", "NaN"),
        json.dumps(CARD).replace("500", "Infinity"),
        json.dumps(CARD).replace("500", "1e999999999"),
        json.dumps(CARD).replace("500", "1e99999999999999999999"),
        json.dumps(CARD).replace("500", "9" * 50_000),
        _changed(variables=CARD["variables"] * (MOST_VARIABLES + 1)),
        _variable(bins=[{"below": n, "points": 1} for n in range(MOST_BINS + 1)]),
        _changed(base={"$eval": "__import__('os')"}),
        _changed(zh="a\x00b"),
    ):
        with pytest.raises(BadQuestion):
            read_card(text)


@pytest.mark.attack(by="a bank that registers cards", wants="bins finer than the bands")
def test_a_bin_that_ends_on_no_band() -> None:
    for bins in ([{"below": 100001, "points": 1}, {"points": 2}], [{"below": 99999.99, "points": 1}, {"points": 2}]):
        with pytest.raises(BadQuestion, match="不能与"):
            check_card(read_card(_variable(bins=bins)), ASKABLE)
    with pytest.raises(BadQuestion, match="没有可供提问的指标"):
        check_card(read_card(_variable(indicator="housing_fund_secret")), ASKABLE)
