"""The calendar: day by day, in parts that are safe to publish again, never over a day that something is due on."""

from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from processing.store import Store
from rules.indicators.facts import from_millionths
from tests.unit.laws.partition import GROUPS, ONE, OTHER, RATED, START, Killed, Partition, event

COUNT_OF_A_MONTH = "count(ended, 1)"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(tmp_path / "store")) as made:
        yield made


@pytest.fixture
def partition(store: Store) -> Partition:
    assert any(indicator.id == COUNT_OF_A_MONTH for indicator in GROUPS.by_item[RATED].indicators)
    made = Partition(store)
    made.work([event(ONE, key=key, day=day) for key, day in (("a", -5), ("b", -3))], START)
    made.work([event(OTHER, key="c", day=-5)])
    return made


def count(partition: Partition, subject: str = ONE) -> Decimal | None:
    value = partition.values[subject, RATED][COUNT_OF_A_MONTH]
    return None if value is None else from_millionths(value)


def test_each_day_on_which_something_is_due_is_published_for_itself(partition: Partition) -> None:
    assert count(partition) == 2
    before = len(partition.changes)
    partition.work([], START + timedelta(days=60))
    days = [update.state.as_of for subject, _, update in partition.changes[before:] if subject == ONE]
    assert days == sorted(set(days))
    # Two records leave the window of a month, and two months are closed.
    assert len(days) == 4
    assert count(partition) == count(partition, OTHER) == 0
    # A subject stays at the day of its last change.
    assert partition.states[OTHER].as_of == days[-1]


def test_a_day_that_was_published_already_changes_nothing(partition: Partition) -> None:
    partition.work([], START + timedelta(days=60))
    before = len(partition.changes)
    partition.work([], START + timedelta(days=60))
    partition.work([], START + timedelta(days=10))
    assert len(partition.changes) == before
    assert partition.as_of == START + timedelta(days=60)


def test_a_day_that_was_broken_off_is_gone_on_with(partition: Partition) -> None:
    before = len(partition.changes)
    partition.survives = 1
    with pytest.raises(Killed):
        partition.work([], START + timedelta(days=60))
    partition.succeed()
    partition.work([], START + timedelta(days=60))
    assert count(partition) == count(partition, OTHER) == 0
    for subject in (ONE, OTHER):
        sequences = [sequence for of, sequence, _ in partition.changes if of == subject]
        assert sequences == [*range(1, len(sequences) + 1)]
    assert len(partition.changes) > before


def test_sums_that_are_missing_are_made_before_the_next_day(partition: Partition) -> None:
    partition.lose()
    partition.work([], START + timedelta(days=60))
    assert count(partition) == count(partition, OTHER) == 0


def test_the_first_day_is_one_step(store: Store) -> None:
    partition = Partition(store)
    partition.work([event(ONE, key="a", day=-400), event(ONE, key="b", day=-3)])
    before = len(partition.changes)
    partition.work([], START)
    assert {update.state.as_of for _, _, update in partition.changes[before:]} <= {START}
    assert count(partition) == 1
    assert partition.as_of == date(2026, 6, 30)
