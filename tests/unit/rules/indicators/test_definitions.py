"""Indicators are pure functions of the live records and a date."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.errors import CatalogueError
from catalogue.load import load_catalogue
from catalogue.model import Sensitivity
from rules.indicators.definitions import Fact, Indicator, evaluate, load_indicators, months_before

D = date(2026, 6, 30)


def indicator(aggregate: str, *, window: int | None = None, unless: tuple[str, ...] = ()) -> Indicator:
    return Indicator("x", "例", "market.change", aggregate, "amount", "day", window, {}, unless, "public", "元")


def fact(day: date, amount: str | None = None, *, told: date | None = None, removed: date | None = None) -> Fact:
    moment = datetime.combine(told or day, datetime.min.time(), UTC) - timedelta(hours=8)
    return Fact(moment, {"day": day, "amount": None if amount is None else Decimal(amount), "removed": removed})


days = st.dates(date(2024, 1, 1), date(2027, 1, 1))
facts = st.lists(st.builds(fact, days, st.decimals(-(10**12), 10**12, places=4).map(str) | st.none()), max_size=20)


@pytest.mark.parametrize("aggregate", ["count", "sum", "max", "mean", "latest", "last_day", "months"])
@given(facts=facts, random=st.randoms(use_true_random=False))
def test_the_order_of_records_does_not_matter(aggregate: str, facts: list[Fact], random: Random) -> None:
    shuffled = facts[:]
    random.shuffle(shuffled)
    assert evaluate(indicator(aggregate, window=12), shuffled, D) == evaluate(indicator(aggregate, window=12), facts, D)


def test_a_window_takes_its_last_day_and_not_the_day_before_its_first() -> None:
    counted = [fact(D), fact(date(2025, 7, 1)), fact(date(2025, 6, 30))]
    assert evaluate(indicator("count", window=12), counted, D) == 2


def test_what_takes_effect_later_does_not_count() -> None:
    assert evaluate(indicator("count"), [fact(D + timedelta(days=1)), fact(D, told=D + timedelta(days=1))], D) == 0


def test_a_removal_counts_from_its_day_on() -> None:
    held = [fact(date(2026, 1, 1), removed=date(2026, 6, 1))]
    current = indicator("count", unless=("removed",))
    assert evaluate(current, held, date(2026, 5, 31)) == 1
    assert evaluate(current, held, date(2026, 6, 1)) == 0


def test_nothing_known_is_null_and_not_zero() -> None:
    assert evaluate(indicator("sum"), [fact(D)], D) is None
    assert evaluate(indicator("count"), [], D) == 0


def test_sums_are_exact_and_a_mean_is_rounded_once() -> None:
    thirds = [fact(D, "0.1"), fact(D, "0.1"), fact(D, "0.2")]
    assert evaluate(indicator("sum"), thirds, D) == Decimal("0.4")
    assert evaluate(indicator("mean"), thirds, D) == Decimal("0.133333")


@pytest.mark.parametrize(
    ("day", "months", "expected"), [(date(2026, 3, 31), 1, date(2026, 2, 28)), (D, 12, date(2025, 6, 30))]
)
def test_months_before_ends_on_a_day_that_exists(day: date, months: int, expected: date) -> None:
    assert months_before(day, months) == expected


def test_every_definition_rests_on_fields_that_exist_and_is_as_sensitive_as_they_are() -> None:
    catalogue = load_catalogue()
    definitions = load_indicators()
    assert len(definitions) >= 25
    assert len({catalogue.item(i.item).category for i in definitions}) >= 10
    for definition in definitions:
        item = catalogue.item(definition.item)
        assert not item.about_persons
        names = [definition.field, definition.date_field, *definition.where, *definition.unless_filled]
        inputs = {item.field(name).sensitivity for name in names if name}
        assert Sensitivity.PERSONAL not in inputs
        if definition.sensitivity == "public":
            assert inputs <= {Sensitivity.PUBLIC}, definition.id


def test_an_unknown_aggregate_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "indicators.yaml"
    path.write_text("indicators: [{id: a, zh: 甲, item: market.change, aggregate: median}]", "utf-8")
    with pytest.raises(CatalogueError, match="median"):
        load_indicators(path)
