"""Law 4 of the design: a state is a pure function of the winning records and the date."""

import contextlib
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogue.load import load_catalogue
from catalogue.model import FieldType
from catalogue.times import business_date
from processing.store import Store
from rules.indicators.definitions import (
    Fact,
    Indicator,
    evaluate,
    from_millionths,
    load_indicators,
    on_the_wire,
)
from rules.indicators.running import ORDERED, RunningSum, share, value
from rules.merge import Record
from tests.unit.laws.partition import DAYS, EVENTS, START, Killed, Partition, computed, shown


@given(events=EVENTS, days=st.lists(DAYS, min_size=1, max_size=5))
def test_the_state_held_on_any_day_is_what_the_records_and_the_day_come_to(
    store: Store, events: list[Record], days: list[int]
) -> None:
    """A state of a date D is a pure function of the winning records and D: it can be computed again, for any past D,
    and is the same.
    """
    partition = Partition(store)
    seen: list[Record] = []
    for number, days_on in enumerate(days):
        batch = events[number :: len(days)]
        partition.work(batch, max(START, partition.as_of) + timedelta(days=days_on))
        seen += batch
        for subject, held in partition.states.items():
            wanted = computed(seen, subject, partition.as_of)
            assert shown(held) == wanted.indicators
            assert held.counts == wanted.counts
            assert f"{held.digest:032x}" == wanted.digest
            # On its own day, too: nothing moved since.
            assert shown(held) == computed(seen, subject, held.as_of).indicators
        assert partition.hashes() == {one: computed(seen, one, partition.as_of).hash for one in partition.states}
        assert partition.states.keys() == {one.envelope.subject for one in seen}


@given(
    events=EVENTS,
    days=st.lists(DAYS, min_size=1, max_size=3),
    survives=st.integers(0, 4),
    ends=st.lists(st.booleans(), min_size=1, max_size=3),
)
def test_days_that_were_broken_off_are_gone_on_with(
    store: Store, events: list[Record], days: list[int], survives: int, ends: list[bool]
) -> None:
    """[…] also where workers ended in the middle of a day, one after another, with their stores (``ends``) or without:
    nothing is told twice, nothing passed over, and what is told of a day is what holds on it.
    """
    partition = Partition(store)
    partition.work(events)
    for days_on in days:
        day = max(START, partition.as_of) + timedelta(days=days_on)
        for lost in ends:
            partition.survives = survives
            with contextlib.suppress(Killed):
                partition.work([], day)
            if lost:
                partition.lose()
            else:
                partition.succeed()
        # On subjects that are further than their number, as well.
        partition.work(events)
        partition.work([], day)
        for subject, held in partition.states.items():
            assert shown(held) == computed(events, subject, partition.as_of).indicators
    told: dict[str, int] = {}
    for subject, sequence, update in partition.changes:
        assert sequence == told.get(subject, 0) + 1
        assert update.changed
        assert shown(update.state) == computed(events, subject, update.state.as_of).indicators
        told[subject] = sequence


@given(events=EVENTS, walked=st.lists(st.integers(1, 90), min_size=1, max_size=6))
def test_a_past_day_computed_again_is_what_it_was(store: Store, events: list[Record], walked: list[int]) -> None:
    """[…] it can be computed again, for any past D, and is the same."""
    partition = Partition(store)
    partition.work(events, START)
    was = {}
    for days_on in walked:
        partition.work([], partition.as_of + timedelta(days=days_on))
        was[partition.as_of] = {subject: shown(held) for subject, held in partition.states.items()}
    for day, states in was.items():
        for subject, indicators in states.items():
            assert computed(events, subject, day).indicators == indicators


_MOMENTS = st.integers(0, 1400 * 1440).map(
    lambda minutes: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
_DATES = st.dates(date(2024, 1, 1), date(2027, 12, 31))
_NUMBERS = st.decimals(-(10**12), 10**12, places=4)
_VALUES: dict[FieldType, st.SearchStrategy[Any]] = {
    FieldType.DATE: _DATES,
    FieldType.TIMESTAMP: _MOMENTS,
    FieldType.INTEGER: st.integers(-(10**9), 10**9),
}


def facts_of(indicator: Indicator) -> st.SearchStrategy[list[Fact]]:
    """Draw records of an indicator's item: the fields that it looks at, or none of them."""
    item = load_catalogue().item(indicator.item)
    names = {indicator.field, indicator.date_field, *indicator.unless_filled, *indicator.where} - {None}
    data = {
        name: st.none()
        | (st.sampled_from(indicator.where[name]) if name in indicator.where else _VALUES.get(kind, _NUMBERS))
        for name, kind in ((str(name), item.field(str(name)).type) for name in names)
    }
    return st.lists(st.builds(Fact, _MOMENTS, st.fixed_dictionaries(data)), max_size=6)


@pytest.mark.parametrize("indicator", load_indicators(), ids=lambda one: one.id)
@settings(max_examples=15)
@given(data=st.data(), day=_DATES)
def test_records_effective_after_the_day_do_not_count(indicator: Indicator, data: st.DataObject, day: date) -> None:
    """Records effective after D do not count."""
    facts = data.draw(facts_of(indicator))
    known = [one for one in facts if business_date(one.source_time) <= day]
    assert evaluate(indicator, facts, day) == evaluate(indicator, known, day)


@pytest.mark.parametrize("indicator", load_indicators(), ids=lambda one: one.id)
@settings(max_examples=15)
@given(data=st.data(), day=_DATES)
def test_the_shares_that_count_on_a_day_are_the_indicator(indicator: Indicator, data: st.DataObject, day: date) -> None:
    """A state of a date D is a pure function of the winning records and D: every real indicator, from the shares that
    its records have on that day.
    """
    facts = data.draw(facts_of(indicator))
    held = RunningSum()
    shares = [one for fact in facts if (one := share(indicator, fact)) is not None]
    counted = [one for one in shares if one.counts(day)]
    for one in shares:
        # Also what began and ended to count before leaves nothing behind.
        held.add(indicator, one, 1)
    for one in shares:
        if not one.counts(day):
            held.add(indicator, one, -1)
    top = None
    if indicator.aggregate in ORDERED and counted:
        by_number = indicator.aggregate == "max"
        best = max(counted, key=lambda s: (s.number or 0, s.placed) if by_number else (s.placed, s.number or 0))
        top = (best.placed, best.number)
    found = value(indicator, held, top)
    assert (None if found is None else from_millionths(found)) == on_the_wire(evaluate(indicator, facts, day))
