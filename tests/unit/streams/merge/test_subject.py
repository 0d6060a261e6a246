"""One subject in one batch: outcomes, the records that move, and sets that leave members behind."""

from collections.abc import Iterable

from catalogue.envelope import SET_MARK, Op
from rules.merge import Outcome, Record
from streams.merge.state import SubjectState
from streams.merge.subject import RecordUpdate, SubjectBatch
from tests.unit.laws.partition import ONE, PLAIN, START, event, until


class Records:
    """Winning records, as the store would give them, and how often one was asked for."""

    def __init__(self, *records: Record) -> None:
        self.held = {(r.envelope.item, r.envelope.record_key): r for r in records}
        self.loads = 0

    def load(self, subject: str, item: str, key: str) -> Record | None:
        self.loads += 1
        return next((r for (i, k), r in self.held.items() if (i, k) == (item, key)), None)

    def load_item(self, subject: str, item: str) -> Iterable[Record]:
        return [r for (i, _), r in self.held.items() if i == item]

    def batch(self) -> SubjectBatch:
        return SubjectBatch(
            ONE, SubjectState(), self.load, self.load_item, lambda subject: self.held.values(), until,
            lambda subject, item: {}, lambda subject: (),
        )  # fmt: skip

    def after(self, *events: Record) -> "Records":
        """Return the records after a batch of events."""
        batch = self.batch()
        for one in events:
            batch.take(one)
        return Records(*(self.held | batch.after).values())


def test_a_new_record_a_repetition_a_higher_and_a_lower_version_are_told_apart() -> None:
    batch = Records(event(day=1)).batch()
    taken = [event(day=1), event(day=2, amount=2), event(day=0), event(key="l")]
    assert [batch.take(one) for one in taken] == [
        Outcome.DUPLICATE, Outcome.MERGED, Outcome.SUPERSEDED, Outcome.MERGED,
    ]  # fmt: skip


def test_a_record_is_loaded_once_however_many_events_it_has() -> None:
    records = Records(event(day=0))
    batch = records.batch()
    for day in range(1, 20):
        batch.take(event(day=day))
    assert records.loads == 1


def test_only_what_differs_in_the_end_is_an_update() -> None:
    old = event(day=0)
    batch = Records(old).batch()
    batch.take(event(day=0))
    assert batch.record_updates(START) == []
    new = event(day=1, amount=2)
    batch.take(new)
    assert batch.record_updates(START) == [RecordUpdate(new, True, old, True)]


def test_a_withdrawal_ends_a_record_and_is_kept() -> None:
    old, gone = event(day=0), event(day=1, op=Op.WITHDRAW)
    batch = Records(old).batch()
    batch.take(gone)
    assert batch.record_updates(START) == [RecordUpdate(gone, False, old, True)]
    assert list(batch.after.values()) == [gone]


def test_a_set_leaves_members_behind_that_have_no_event_of_their_own() -> None:
    before = Records().after(event(item=PLAIN, key="a", whole=True), event(item=PLAIN, key="b", whole=True))
    batch = before.batch()
    batch.take(event(item=PLAIN, key="a", day=1, whole=True))
    updates = batch.record_updates(START)
    assert [(u.new.envelope.record_key, u.was_live, u.live) for u in updates] == [("a", True, True), ("b", True, False)]
    # The mark is a record of its own, and is told to nobody.
    assert (PLAIN, SET_MARK) in batch.after
    assert [key for key, _ in batch.live_before(PLAIN)] == ["a", "b"]


def test_updates_come_in_the_order_of_items_and_keys() -> None:
    batch = Records().batch()
    for key in ("c", "a", "b"):
        batch.take(event(key=key))
        batch.take(event(item=PLAIN, key=key))
    own = [(u.new.envelope.item, u.new.envelope.record_key) for u in batch.record_updates(START)]
    assert own == sorted(own)
    assert len(own) == 6


def test_the_name_is_that_of_the_highest_version() -> None:
    batch = Records().batch()
    batch.take(event(day=2, name="后"))
    batch.take(event(day=1, name="前"))
    assert batch.name is not None
    assert batch.name.text == "后"
