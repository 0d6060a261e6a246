"""What a batch makes of a subject: nothing where the same is said again, and states by a former rule made anew."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from catalogue.envelope import ItemId
from processing.store import Store
from rules.merge import Outcome, Record
from streams.merge.state import SubjectState
from streams.merge.values import digest_of
from tests.unit.laws.partition import ONE, PLAIN, RATED, START, Partition, event


@pytest.fixture
def partition(tmp_path: Path) -> Iterator[Partition]:
    """Return a partition on the first business day."""
    store = Store(tmp_path / "store")
    one = Partition(store)
    one.work([], START)
    yield one
    store.close()


def listed(day: int, *members: str, as_of: int = 0) -> list[Record]:
    return [event(item=PLAIN, key=key, day=day, as_of=as_of, whole=True, name=None) for key in members]


# An indicator of the source time itself, such as the last day, moves with it; nothing else does.
@pytest.mark.parametrize(("item", "day", "as_of"), [(PLAIN, 0, 1), (PLAIN, 1, 1), (PLAIN, 1, 0), (RATED, 0, 1)])
def test_the_same_list_for_a_later_day_changes_nothing_and_is_kept(
    partition: Partition, item: ItemId, day: int, as_of: int
) -> None:
    first = [event(item=item, key=key, day=-1, whole=True) for key in "abc"]
    partition.work(first)
    changes, before = len(partition.changes), partition.states[ONE]
    again = [event(item=item, key=key, day=day - 1, as_of=as_of, whole=True, submission="b") for key in "abc"]
    partition.work(again)
    assert partition.outcomes[-3:] == [Outcome.DUPLICATE] * 3
    assert len(partition.changes) == changes
    after = partition.states[ONE]
    assert (after.sequence, after.digest, after.indicators, after.counts) == (
        before.sequence, before.digest, before.indicators, before.counts,
    )  # fmt: skip
    # Another worker, or a late report, finds the later version.
    assert {one.envelope.submission_id for one in partition.records.values() if one.payload != b"\x00"} == {"b"}
    partition.work(first)
    assert partition.outcomes[-3:] == [Outcome.SUPERSEDED] * 3


def test_a_member_that_was_left_out_returns_with_the_same_content(partition: Partition) -> None:
    partition.work(listed(0, "a", "b"))
    partition.work(listed(1, "a", as_of=1))
    assert partition.states[ONE].counts == {PLAIN: 1}
    gone = partition.states[ONE].digest
    partition.work(listed(2, "a", "b", as_of=2))
    assert partition.states[ONE].counts == {PLAIN: 2}
    assert partition.states[ONE].digest != gone
    _, _, update = partition.changes[-1]
    assert [(one.new.envelope.record_key, one.was_live, one.live) for one in update.records] == [("b", False, True)]


def yearly(year: int, *members: str) -> list[Record]:
    """Return a set of one year: the year begins the key, and is its period."""
    found = [event(item=PLAIN, key=f"{year}|{key}", day=year - 2026, whole=True, name=None) for key in members]
    return [one._replace(envelope=one.envelope._replace(period=str(year))) for one in found]


@pytest.mark.parametrize("years", [(2023, 2024, 2025), (2025, 2023, 2024)])
def test_the_sets_of_years_leave_each_other_alone(partition: Partition, years: Iterable[int]) -> None:
    for year in years:
        partition.work(yearly(year, "a", "b"))
    assert partition.states[ONE].counts == {PLAIN: 6}
    partition.work([one._replace(envelope=one.envelope._replace(as_of=one.envelope.as_of.replace(year=2030)))
                    for one in yearly(2024, "a")])  # fmt: skip
    assert partition.states[ONE].counts == {PLAIN: 5}


def test_a_state_by_a_former_rule_is_made_anew_and_tells_what_counts_now(partition: Partition) -> None:
    """The former rule had one mark for all years: whoever was told that the earlier ones ended is told that not."""
    for year in (2023, 2024, 2025):
        partition.work(yearly(year, "a"))
    wanted = partition.states[ONE]
    former = next(one for one in partition.records.values() if one.envelope.record_key.endswith("#2025"))
    mark = former._replace(envelope=former.envelope._replace(record_key="~set"))  # type: ignore[arg-type]
    partition.records = {key: one for key, one in partition.records.items() if "~set" not in key[2]}
    partition.records[ONE, PLAIN, "~set"] = mark
    partition.states[ONE] = SubjectState(wanted.name, 9, wanted.as_of, 12345, 0, {PLAIN: 1}, rule=1)
    partition.work(yearly(2025, "a"))
    renewed = partition.states[ONE]
    assert (renewed.digest, renewed.counts, renewed.outdated) == (wanted.digest, wanted.counts, False)
    subject, sequence, update = partition.changes[-1]
    assert (subject, sequence) == (ONE, 10)
    assert [(one.new.envelope.period, one.was_live, one.live) for one in update.records] == [
        ("2023", False, True), ("2024", False, True),
    ]  # fmt: skip


def test_a_state_by_a_former_rule_is_made_anew_with_the_next_day(partition: Partition) -> None:
    partition.work([event(key=key, amount=n) for n, key in enumerate("abc", start=1)])
    wanted = partition.states[ONE]
    partition.states[ONE] = wanted._replace(digest=12345, rule=2)
    # The rule of the digests is among the definitions: another one forgets the sums.
    partition.lose()
    changes = len(partition.changes)
    partition.work([], START + timedelta(days=1))
    renewed = partition.states[ONE]
    assert (renewed.digest, renewed.outdated, renewed.sequence) == (wanted.digest, False, wanted.sequence)
    assert len(partition.changes) == changes


def test_a_state_of_before_the_law_s_rule_tells_what_it_has_ended(partition: Partition) -> None:
    partition.work([event(item=item, key="k", ends=30) for item in (RATED, PLAIN)])
    told, sequence = partition.states[ONE], partition.states[ONE].sequence
    # By the former rule both counted, however long ago they had ended.
    partition.work([], START + timedelta(days=29))
    partition.states[ONE] = told._replace(rule=2, as_of=START + timedelta(days=40))
    partition.lose()
    partition.as_of = START + timedelta(days=40)
    partition.work([], START + timedelta(days=41))
    assert partition.states[ONE].counts == {}
    subject, number, update = partition.changes[-1]
    assert (subject, number) == (ONE, sequence + 1)
    assert sorted((one.new.envelope.item, one.was_live, one.live) for one in update.records) == [
        (PLAIN, True, False), (RATED, True, False),
    ]  # fmt: skip


def test_a_record_ends_with_its_day_and_a_later_version_may_count_again(partition: Partition) -> None:
    partition.work([event(item=PLAIN, ends=2)])
    partition.work([], START + timedelta(days=1))
    assert partition.states[ONE].counts == {PLAIN: 1}
    changes = len(partition.changes)
    partition.work([], START + timedelta(days=2))
    assert partition.states[ONE].counts == {}
    (update,) = [change[2] for change in partition.changes[changes:]]
    assert [(one.was_live, one.live) for one in update.records] == [(True, False)]
    partition.work([event(item=PLAIN, day=1, amount=2, ends=30)])
    assert partition.states[ONE].counts == {PLAIN: 1}
    # What was over before it came is nobody's news.
    changes = len(partition.changes)
    partition.work([event(item=PLAIN, key="old", ends=-3)])
    assert [(one.was_live, one.live) for one in partition.changes[changes][2].records] == [(False, False)]


def test_a_state_in_which_the_indicators_lay_tells_nobody_what_is_the_same(partition: Partition) -> None:
    partition.work([event(key="k", amount=2)])
    held = partition.values.pop((ONE, RATED))
    state = partition.states[ONE]
    former = {**held, "gone": 5, "never": None}
    partition.states[ONE] = state._replace(indicators=0, rule=3, former=former)
    before = len(partition.changes)
    partition.work([event(key="k", amount=2, submission="b")])
    assert partition.values[ONE, RATED] == held
    assert partition.states[ONE].indicators == state.indicators
    _, _, update = partition.changes[before]
    assert [(one.id, one.previous, one.current) for one in update.indicators] == [("gone", 5, None)]


def test_values_of_an_item_that_has_no_indicators_any_more_are_withdrawn(partition: Partition) -> None:
    partition.work([event(item=PLAIN, key="k")])
    partition.values[ONE, PLAIN] = {"old": 5}
    state = partition.states[ONE]
    partition.states[ONE] = state._replace(indicators=(state.indicators + digest_of(PLAIN, {"old": 5})) % (1 << 128))
    partition.rolling.forget()
    partition.work([], START + timedelta(days=1))
    assert partition.values[ONE, PLAIN] == {}
    assert partition.states[ONE].indicators == state.indicators
    assert [(one.id, one.current) for one in partition.changes[-1][2].indicators] == [("old", None)]
