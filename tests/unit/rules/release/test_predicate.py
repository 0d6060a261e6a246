"""A question is its text, its answer is that of the plain reading, and no answer tells more than bands do."""

from collections.abc import Mapping
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rules.release.askable import AskableIndicator, askable_indicators
from rules.release.predicate import (
    MOST_CHARACTERS,
    MOST_COMPARISONS,
    BadQuestion,
    LimitComparison,
    Predicate,
    PredicateAnswer,
    check_predicate,
    read_predicate,
)

ASKABLE = askable_indicators()
BANDED = sorted((one for one in ASKABLE.values() if one.limits), key=lambda one: one.id)
FEW = BANDED[:6]
VALUES = st.none() | st.decimals(
    allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=2
) | st.sampled_from([limit for one in FEW for limit in one.limits or ()])  # fmt: skip


@st.composite
def comparisons(draw: st.DrawFn) -> LimitComparison:
    """Draw one on a limit of a band."""
    indicator = draw(st.sampled_from(FEW))
    return LimitComparison(indicator.id, draw(st.booleans()), draw(st.sampled_from(indicator.limits or ())))


def predicates() -> st.SearchStrategy[Predicate]:
    """Draw a question that may be asked."""
    return st.lists(comparisons(), min_size=1, max_size=MOST_COMPARISONS).map(lambda all_: Predicate(tuple(all_)))


def _told(values: Mapping[str, Decimal | None]) -> dict[str, Decimal | None]:
    return {one.id: one.told(values[one.id]) for one in FEW}


def _plain(predicate: Predicate, values: Mapping[str, Decimal | None]) -> PredicateAnswer:
    """Answer as one reads it, from the values themselves."""
    is_unknown = False
    for one in predicate.comparisons:
        value = values[one.indicator]
        if value is None:
            is_unknown = True
        elif not (value >= one.limit if one.is_at_least else value < one.limit):
            return PredicateAnswer.FALSE
    return PredicateAnswer.INSUFFICIENT if is_unknown else PredicateAnswer.TRUE


_DRAWN_VALUES = st.fixed_dictionaries({one.id: VALUES for one in FEW})


@given(predicates())
def test_a_question_is_read_back_as_it_was_written(predicate: Predicate) -> None:
    assert read_predicate(str(predicate)) == predicate
    check_predicate(predicate, ASKABLE)


@given(predicates(), _DRAWN_VALUES)
def test_an_answer_is_that_of_the_plain_reading(predicate: Predicate, values: Mapping[str, Decimal | None]) -> None:
    assert predicate.answer(_told(values)) is _plain(predicate, values)


@st.composite
def _alike(draw: st.DrawFn) -> tuple[dict[str, Decimal | None], dict[str, Decimal | None]]:
    """Draw values of two enterprises that lie in the same bands."""
    one: dict[str, Decimal | None] = {}
    other: dict[str, Decimal | None] = {}
    for indicator in FEW:
        assert indicator.limits is not None
        edges = [indicator.limits[0] - 1000, *indicator.limits, indicator.limits[-1] + 1000]
        low = draw(st.integers(0, len(edges) - 2))
        is_known = draw(st.booleans())
        within = st.decimals(edges[low], edges[low + 1], places=4).filter(edges[low + 1].__gt__)
        one[indicator.id] = draw(within) if is_known else None
        other[indicator.id] = draw(within) if is_known else None
    return one, other


@given(_alike(), predicates())
def test_of_values_in_the_same_bands_every_question_is_answered_alike(
    pair: tuple[dict[str, Decimal | None], dict[str, Decimal | None]], predicate: Predicate
) -> None:
    assert predicate.answer(_told(pair[0])) is predicate.answer(_told(pair[1]))


@given(st.text(max_size=60))
@example("tax_paid_12m >= 1e5")
def test_whatever_is_no_question_is_refused(text: str) -> None:
    try:
        found = read_predicate(text)
    except BadQuestion:
        return
    assert read_predicate(str(found)) == found


@pytest.mark.attack(by="a bank that asks", wants="more than comparisons: a statement, an expression, an or, a loop")
def test_a_question_that_is_more_than_comparisons() -> None:
    for text in (
        "",
        " ",
        "and",
        "tax_paid_12m",
        "tax_paid_12m >= ",
        "tax_paid_12m > 100000",
        "tax_paid_12m == 100000",
        "tax_paid_12m >= 100000 or 1 < 2",
        "not tax_paid_12m >= 100000",
        "(tax_paid_12m >= 100000)",
        "tax_paid_12m >= 100000; drop table credit_record",
        "tax_paid_12m >= 100000 -- ",
        "tax_paid_12m >= (select 1)",
        "tax_paid_12m >= tax_paid_3m",
        "tax_paid_12m + 1 >= 100000",
        "__import__('os') >= 1",
        "tax_paid_12m >= 1e5",
        "tax_paid_12m >= NaN",
        "tax_paid_12m >= Infinity",
        "tax_paid_12m >= 100_000",
        "tax_paid_12m >= ١٠٠٠٠٠",
        "tax_paid_12m >= 100000 AND tax_paid_12m < 500000",
        "tax_paid_12m >= 100000\nand tax_paid_12m < 500000",
        "tax_paid_12m >= 100000\x00",
        "tax_paid_12m >= 0100000000000000000000",
        " and ".join(["tax_paid_12m >= 100000"] * (MOST_COMPARISONS + 1)),
        "a" * (MOST_CHARACTERS + 1),
        "tax_paid_12m >= 100000" + " " * MOST_CHARACTERS,
    ):
        with pytest.raises(BadQuestion):
            read_predicate(text)


@pytest.mark.attack(by="a bank that asks", wants="an amount, by one threshold beside another until it is found")
def test_a_threshold_that_lies_on_no_band() -> None:
    secret = ASKABLE["tax_paid_12m"]
    assert secret.limits is not None
    for off in (Decimal("0.01"), Decimal(-1), Decimal(1)):
        for limit in secret.limits:
            if limit + off not in secret.limits:
                with pytest.raises(BadQuestion, match="不能与"):
                    check_predicate(read_predicate(f"tax_paid_12m >= {limit + off}"), ASKABLE)
    for unknown in ("no_such_indicator", "subject", "payload"):
        with pytest.raises(BadQuestion, match="没有可供提问的指标"):
            check_predicate(read_predicate(f"{unknown} >= 1"), ASKABLE)


def _all_answers(indicator: AskableIndicator, value: Decimal) -> tuple[PredicateAnswer, ...]:
    limits = indicator.limits or ()
    asked = [
        Predicate((LimitComparison(indicator.id, is_at_least, one),)) for one in limits for is_at_least in (True, False)
    ]
    return tuple(one.answer({indicator.id: indicator.told(value)}) for one in asked)


@pytest.mark.attack(by="two banks that put their answers together", wants="an amount, by all questions that there are")
@given(st.decimals(100000, 499999, places=2), st.decimals(100000, 499999, places=2))
def test_all_questions_of_all_banks_tell_the_band_alone(one: Decimal, other: Decimal) -> None:
    secret = ASKABLE["tax_paid_12m"]
    assert secret.told(one) == secret.told(other) == 100000
    assert _all_answers(secret, one) == _all_answers(secret, other)


def test_a_public_indicator_may_be_set_against_any_number() -> None:
    check_predicate(read_predicate("penalties_36m < 1"), ASKABLE)
    check_predicate(read_predicate("penalties_36m >= 7.5"), ASKABLE)
