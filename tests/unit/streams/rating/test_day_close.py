"""The end of a day of one partition, without a broker, on a real store."""

import marshal
import pickle
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus import topics
from processing.store import Store
from proofs.replay.plain_lists import PlainMembership, RatedFrom, plain_memberships
from rules.lists.definition import ListDefinition, ListKind, Threshold
from rules.lists.membership import RatedFacts
from rules.rating.model import Basis
from streams.rating import day_close as day_close_module
from streams.rating.current import CurrentRating, pack
from streams.rating.day_close import DayClose
from streams.rating.keys import DUES, MARKS, list_key, mark_key, rating_key, stored_membership, stored_rating
from tests.builders.lists import AT_ONCE, EVERY, MERIT, WARNING, rated, ratings

ONE, OTHER = "91630102MA0000001X", "91630102MA0000002X"
START = date(2026, 7, 1)
RULING = [("small", Basis.PUBLIC, True), ("shadow", Basis.AUTHORISED, False)]
HIDDEN = ListDefinition("hidden", "例", ListKind.MERIT, Basis.AUTHORISED, "shadow", MERIT.upper, MERIT.lower, 1)


class Partition:
    """A partition whose ratings are put there, and whose days end."""

    def __init__(self, store: Store, lists: Iterable[ListDefinition] = EVERY) -> None:
        self.store, self.today = store, START
        self.changes: list[dict[str, Any]] = []
        self.current: dict[tuple[str, str], dict[str, Any]] = {}
        self.models: Sequence[tuple[str, Basis, bool]] = RULING
        self.use(lists)

    def use(self, lists: Iterable[ListDefinition]) -> None:
        """Begin anew, by these lists."""
        self.close = DayClose(self.store, decoded, lists, pickle.dumps, pickle.dumps)

    def rate(self, facts: RatedFacts, subject: str = ONE, of: str = "small") -> None:
        """Rate an enterprise today."""
        score, grade, waits, vetoes, reviewed = facts
        found = CurrentRating(1, "h", score, grade, self.today.toordinal(), waits, vetoes, int(reviewed))
        place = stored_rating(rating_key(subject, of))
        self.store.write({place: pack(found), mark_key(subject): b""})

    def end(self, days: int = 1, *, cut_after: int | None = None) -> int:
        """Let some days end, and return how many outputs there were; the worker may end after some of them."""
        count = 0
        for output in self.close.decide(self.today, self.today + timedelta(days - 1), self.models):
            if count == cut_after:
                return count
            count += 1
            for _, raw in output.messages[topics.LIST_CHANGE]:
                self.changes.append(pickle.loads(raw))
            for key, raw in output.messages[topics.LIST]:
                value = pickle.loads(raw)
                assert (key or b"").decode() == f"{value['subject']}\0{value['list']}"
                self.current[value["subject"], value["list"]] = value
            self.store.write(output.writes)
        self.today += timedelta(days)
        return count

    def said(self, of: str = "merit", subject: str = ONE) -> list[tuple[int, int, str]]:
        """Return sequence, day of July and status of each change."""
        own = [one for one in self.changes if (one["subject"], one["list"]) == (subject, of)]
        return [(one["sequence"], one["as_of"].day, one["status"]) for one in own]


def decoded(raw: bytes) -> dict[str, Any]:
    """Return the message of a restored membership or rating."""
    value: dict[str, Any] = pickle.loads(raw[1:])
    return value


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(tmp_path / "store")) as made:
        yield made


@pytest.fixture
def partition(store: Store) -> Partition:
    return Partition(store)


def test_a_list_is_entered_on_its_day_though_nothing_happens(partition: Partition) -> None:
    partition.rate(rated())
    for _ in range(5):
        partition.end()
    assert partition.said() == [(1, 1, "WAITING"), (2, 3, "MEMBER")]
    assert partition.said("at_once") == [(1, 1, "MEMBER")]
    # There is nothing to say of somebody who was never warned of.
    assert partition.said("warning") == []
    first = partition.changes[0]
    assert (first["basis"], first["model"], first["previous_status"]) == ("public", "small", None)
    assert first["due"] == date(2026, 7, 3)
    assert partition.changes[-1]["previous_status"] == "WAITING"


def test_a_change_says_on_which_basis_the_former_one_was_decided(store: Store) -> None:
    partition = Partition(store, [AT_ONCE])
    partition.rate(rated())
    partition.end()
    partition.use([replace(AT_ONCE, basis=Basis.AUTHORISED)])
    partition.end()
    said = [(one["status"], one["basis"], one["previous_status"], one["previous_basis"]) for one in partition.changes]
    assert said == [("MEMBER", "public", None, None), ("MEMBER", "authorised", "MEMBER", "public")]


def test_a_former_store_that_kept_no_basis_publishes_nothing_anew(store: Store) -> None:
    partition = Partition(store, [AT_ONCE])
    partition.rate(rated())
    partition.end()
    place = stored_membership(list_key(ONE, "at_once"))
    store.write({place: marshal.dumps(marshal.loads(store.get(place) or b"")[:4])})
    partition.rate(rated(950))
    partition.end()
    assert len(partition.changes) == 1
    partition.rate(rated(100, "差"))
    partition.end()
    assert (partition.changes[-1]["previous_status"], partition.changes[-1]["previous_basis"]) == ("MEMBER", None)


def test_days_that_end_together_are_decided_one_after_the_other(partition: Partition) -> None:
    partition.rate(rated())
    partition.end(9)
    assert partition.said() == [(1, 1, "WAITING"), (2, 3, "MEMBER")]


def test_only_whoever_changed_or_is_due_is_looked_at(partition: Partition) -> None:
    partition.rate(rated())
    partition.end()
    assert not list(partition.store.below(MARKS))
    assert len(list(partition.store.below(DUES))) == 1
    assert partition.end() == 0
    partition.end()
    assert not list(partition.store.below(DUES))


def test_a_rating_of_the_new_day_is_not_used_for_the_old_one(partition: Partition) -> None:
    """A worker that ended while it rated by the new day closes the old one again."""
    partition.rate(rated())
    partition.end()
    partition.rate(rated(100, "差"))
    partition.today -= timedelta(1)
    before = len(partition.changes)
    partition.end()
    assert len(partition.changes) == before
    partition.end()
    assert partition.said("at_once") == [(1, 1, "MEMBER"), (2, 2, "OUT")]


def test_another_definition_has_everybody_looked_at(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(day_close_module, "MOST_SUBJECTS", 1)
    partition = Partition(store, [AT_ONCE])
    for subject in (ONE, OTHER):
        partition.rate(rated(), subject)
    partition.end()
    stricter = ListDefinition(
        "at_once", "例", ListKind.MERIT, Basis.PUBLIC, "ruling",
        Threshold(950, frozenset(("优",))), Threshold(920, frozenset(("优",))), 1,
    )  # fmt: skip
    partition.use([stricter])
    # Cut short, it is done again.
    assert partition.end(cut_after=1) == 1
    assert partition.end() == 2
    for subject in (ONE, OTHER):
        assert partition.said("at_once", subject) == [(1, 1, "MEMBER"), (2, 2, "OUT")]
    assert partition.end() == 0


def test_a_public_list_is_not_decided_by_what_reads_more(partition: Partition) -> None:
    partition.rate(rated())
    partition.end()
    partition.models = [("small", Basis.AUTHORISED, True)]
    partition.end()
    found = partition.current[ONE, "at_once"]
    assert (found["status"], found["reasons"], found["model"]) == ("OUT", ["NO_RATING"], "")


def test_an_authorised_list_says_so(store: Store) -> None:
    partition = Partition(store, [HIDDEN])
    partition.rate(rated())
    partition.end()
    # Of whom the shadow says nothing, nothing is said.
    assert partition.changes == []
    partition.rate(rated(), of="shadow")
    partition.end()
    found = partition.current[ONE, "hidden"]
    assert (found["status"], found["basis"], found["model"]) == ("MEMBER", "authorised", "shadow")


def test_a_rating_packed_by_a_former_store_waits_for_the_next_one(partition: Partition) -> None:
    partition.rate(rated())
    place = stored_rating(rating_key(ONE, "small"))
    partition.store.write({place: marshal.dumps((1, "h", 900, "优"))})
    partition.end()
    assert partition.changes == []
    partition.rate(rated())
    partition.end()
    assert partition.said("at_once") == [(1, 2, "MEMBER")]


def test_a_membership_that_was_restored_goes_on(partition: Partition) -> None:
    partition.rate(rated())
    partition.end()
    for (subject, name), value in partition.current.items():
        restored = {stored_membership(f"{subject}\0{name}".encode()): b"\0" + pickle.dumps(value)}
        partition.store.write({**restored, mark_key(subject): b""})
    for key, _ in list(partition.store.below(DUES)):
        partition.store.write({key: None})
    partition.end()
    partition.end()
    assert partition.said() == [(1, 1, "WAITING"), (2, 3, "MEMBER")]


@given(data=st.data())
def test_law_replaying_a_list_gives_the_same_members(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Whatever the ratings, however many days end at once and wherever the worker ends: as counted day by day."""
    with closing(Store(tmp_path_factory.mktemp("law") / "store")) as store:
        partition = Partition(store)
        history: list[RatedFrom] = []
        steps = data.draw(st.lists(st.tuples(st.none() | ratings(), st.integers(1, 6), st.integers(0, 3)), max_size=8))
        for facts, days, cut in steps:
            if facts is not None:
                partition.rate(facts)
                history.append(RatedFrom(partition.today, facts, "small"))
            before = partition.today
            partition.end(days, cut_after=cut)
            if partition.today == before:
                partition.end(days)
        for definition in EVERY:
            _is_replayed(partition, definition, history)


def _is_replayed(partition: Partition, definition: ListDefinition, history: Sequence[RatedFrom]) -> None:
    changes = [one for one in partition.changes if one["list"] == definition.id]
    assert [one["sequence"] for one in changes] == [*range(1, len(changes) + 1)]
    found: PlainMembership | None = None
    told = 0
    for day, found in plain_memberships(definition, history, START, partition.today - timedelta(1)):
        while told < len(changes) and changes[told]["as_of"] <= day:
            told += 1
        if told == 0:
            assert (found.status, found.reasons) == ("OUT", ())
            continue
        now = changes[told - 1]
        assert (now["status"], now["reasons"]) == (found.status, list(found.reasons)), day
        if told > 1 or definition is not WARNING:
            assert now["since"] == found.since
        if found.counted and found.counted <= definition.days:
            assert now["counted_from"] == day - timedelta(found.counted - 1)
