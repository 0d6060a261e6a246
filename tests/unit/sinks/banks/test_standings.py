"""What counts for an enterprise is kept as long as it counts, and no longer."""

import marshal
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from processing.store import Store
from rules.release.consent.lifecycle import Act
from rules.release.labels import current_labels
from sinks.banks import keys
from sinks.banks.standings import Standings
from tests.builders.signed_consents import END, START, terms
from tests.unit.sinks.banks.releasing import Partition, definition

SUBJECTS = A, B, C = "91630102MAX000015H", "91630102MAX0000261", "91630102MAX0000341"
SECOND = timedelta(seconds=1)


@pytest.fixture
def partition(tmp_path: Path) -> Iterator[Partition]:
    with closing(Store(tmp_path / "store")) as store:
        made = Partition(store, current_labels())
        made.recipient(definition())
        made.consent(terms(A), Act.REQUEST, Act.GRANT)
        made.work()
        yield made


def _standings(partition: Partition, most: int = 10) -> Standings:
    task = partition.task
    made = Standings(task._recipients, task._consents, task._telling, most)
    made.begin(START, task._entitlements)
    return made


def test_it_counts_until_its_moment(partition: Partition) -> None:
    standings, by = _standings(partition), partition.task._entitlements
    one = standings.of(A)
    assert one["yinhe"].openings
    standings.begin(END - SECOND, by)
    assert standings.of(A) is one
    standings.begin(END, by)
    assert not standings.of(A)["yinhe"].openings
    # A clock that was set back: what counted before is worked out anew.
    standings.begin(START, by)
    assert standings.of(A) == one


def test_something_else_that_counts_for_all_ends_it(partition: Partition) -> None:
    standings = _standings(partition)
    one = standings.of(A)
    partition.recipient(definition("qinghe"))
    partition.work()
    standings.begin(START, partition.task._entitlements)
    assert standings.of(A).keys() - one.keys() == {"qinghe"}


@pytest.mark.parametrize("way", ["forget", "clear"])
def test_what_was_said_ends_it(partition: Partition, way: str) -> None:
    standings = _standings(partition)
    one = standings.of(A)
    partition.consent(terms(A), Act.REVOKE)
    partition.work()
    assert standings.of(A) is one
    standings.forget(A) if way == "forget" else standings.clear()
    assert not standings.of(A)["yinhe"].openings


def test_who_was_told_is_not_compared_again(partition: Partition) -> None:
    standings = _standings(partition)
    one = standings.of(A)
    assert standings.differs(A, one)
    partition.change(A, [("tax.payment", "t", None, {"period": "2026-05"})])
    partition.work()
    assert not standings.differs(A, one)
    partition.task._made.forget_told("yinhe", A)
    # What was told is remembered of this one alone.
    assert not standings.differs(A, one)
    standings.forget(A)
    assert standings.differs(A, standings.of(A))


def test_consents_that_a_former_store_kept_count(partition: Partition) -> None:
    one = _standings(partition).of(A)
    key = keys.of_subject(keys.CONSENTS, A)
    packed = partition.store.get(key)
    assert packed is not None
    partition.store.write({key: marshal.loads(packed)[1]})
    assert _standings(partition).of(A) == one
    partition.consent(terms(A), Act.REVOKE)
    partition.work()
    assert not _standings(partition).of(A)["yinhe"].openings


def test_it_keeps_so_many(partition: Partition) -> None:
    standings = _standings(partition, most=2)
    first = {subject: standings.of(subject) for subject in SUBJECTS}
    assert [subject for subject in (C, B, A) if standings.of(subject) is first[subject]] == [C, B]
