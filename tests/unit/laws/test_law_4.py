"""Law 4 of the design: a state is a pure function of the winning records and the date."""

import contextlib
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogue.times import business_date
from processing.store import Store
from rules.indicators.definitions import load_indicators
from rules.indicators.facts import from_millionths
from rules.indicators.groups import groups_of
from rules.indicators.kept_numbers import Entry
from rules.indicators.plain import plain_atoms, plain_values
from rules.indicators.series import Series
from rules.indicators.shares import Share, shares
from rules.indicators.tiles import EVER, Tiles, unpack
from rules.merge import Record
from tests.builders.facts import facts_of
from tests.unit.laws.partition import DAYS, EVENTS, START, Killed, Partition, computed


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
            assert partition.shown(subject) == wanted.indicators
            assert held.counts == wanted.counts
            assert f"{held.digest:032x}" == wanted.digest
            # On its own day, too: nothing moved since.
            assert partition.shown(subject) == computed(seen, subject, held.as_of).indicators
            assert f"{held.indicators:032x}" == wanted.indicators_digest
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
        for subject in partition.states:
            assert partition.shown(subject) == computed(events, subject, partition.as_of).indicators
    told: dict[str, int] = {}
    known: dict[str, dict[str, Decimal | None]] = {}
    for subject, sequence, update in partition.changes:
        assert sequence == told.get(subject, 0) + 1
        assert update.changed
        for moved in update.indicators:
            current = None if moved.current is None else from_millionths(moved.current)
            known.setdefault(subject, {})[moved.id] = current
        wanted_then = computed(events, subject, update.state.as_of).indicators
        assert {name: one for name, one in known.get(subject, {}).items() if one is not None} == {
            name: one for name, one in wanted_then.items() if one is not None
        }
        told[subject] = sequence


@given(events=EVENTS, walked=st.lists(st.integers(1, 90), min_size=1, max_size=6))
def test_a_past_day_computed_again_is_what_it_was(store: Store, events: list[Record], walked: list[int]) -> None:
    """[…] it can be computed again, for any past D, and is the same."""
    partition = Partition(store)
    partition.work(events, START)
    was = {}
    for days_on in walked:
        partition.work([], partition.as_of + timedelta(days=days_on))
        was[partition.as_of] = {subject: partition.shown(subject) for subject in partition.states}
    for day, states in was.items():
        for subject, indicators in states.items():
            assert computed(events, subject, day).indicators == indicators


_DATES = st.dates(date(2024, 1, 1), date(2027, 12, 31))
GROUPS = groups_of(load_indicators())
_GROUPS = pytest.mark.parametrize("item", sorted(GROUPS.by_item))


@_GROUPS
@settings(max_examples=15)
@given(data=st.data(), day=_DATES)
def test_records_effective_after_the_day_do_not_count(item: str, data: st.DataObject, day: date) -> None:
    """Records effective after D do not count."""
    facts = data.draw(facts_of(GROUPS.by_item[item]))
    known = [one for one in facts if business_date(one.source_time) <= day]
    assert plain_values(GROUPS, {item: facts}, day) == plain_values(GROUPS, {item: known}, day)


class _PlainIndex:
    """What the store keeps in order, looked for among all shares."""

    def __init__(self) -> None:
        self.shares: list[Share] = []

    def put(self, *_: object) -> None:
        pass

    def forget(self, *_: object) -> None:
        pass

    def highest(self, series: Series, cell: int, part: str | None) -> int | None:
        return max(self._numbers(cell, part), default=None)

    def lowest(self, series: Series, cell: int, part: str | None) -> int | None:
        return min(self._numbers(cell, part), default=None)

    def last(self, series: Series, cell: int, part: str | None) -> Entry | None:
        own = [s for s in self.shares if s.number is not None and cell in (EVER, s.cell) and s.part == part]
        if cell == EVER:
            return max(((s.cell, s.order, s.number) for s in own if s.number is not None), default=None)
        return max(((s.order, s.number) for s in own if s.number is not None), default=None)

    def _numbers(self, cell: int, part: str | None) -> list[int]:
        return [s.number for s in self.shares if s.number is not None and cell in (EVER, s.cell) and s.part == part]


@_GROUPS
@settings(max_examples=15)
@given(data=st.data(), day=_DATES)
def test_the_shares_that_count_on_a_day_are_the_indicators(item: str, data: st.DataObject, day: date) -> None:
    """A state of a date D is a pure function of the winning records and D: every real indicator, from the shares that
    its records have on that day.
    """
    facts = data.draw(facts_of(GROUPS.by_item[item]))
    tiles = Tiles(GROUPS.by_item[item], day)
    past = tiles.group.past(day)
    index = _PlainIndex()
    for series in tiles.group.series:
        own = [one for fact in facts for one in shares(series, fact)]
        index.shares = list[Share]()
        tile = tiles.of(series)
        for one in own:
            # Also what began and ended to count before leaves nothing behind.
            index.shares.append(one)
            tile.take(one, 1, past[series.id], index)
        for one in own:
            if not one.counts(day):
                index.shares.remove(one)
                tile.take(one, -1, past[series.id], index)
        tile.settle(index)
    found = tiles.atom_values(day)
    assert found == plain_atoms(tiles.group, facts, day)
    assert unpack(tiles.group, tiles.pack(index)).atom_values(day) == found
