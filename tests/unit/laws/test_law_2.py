"""Law 2 of the design: the merge's own counts against the scan of the proof, and receipts against what is in topics."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bus.reading.offsets import TopicPartition
from catalogue.envelope import changelog_key
from catalogue.load import load_catalogue
from catalogue.times import micros
from processing.store import Store
from proofs.reconcile import files, merge
from proofs.reconcile.decoding import stamp
from proofs.reconcile.findings import OUTCOMES, Findings, Tally
from proofs.reconcile.records import PublishedRecord
from rules.merge import Outcome, Record
from tests.unit.laws.partition import EVENTS, Partition

PLACE = TopicPartition("catalogue.tax.v1", 0)
POISON = None
INPUT = st.tuples(EVENTS, st.lists(st.integers(0, 12), max_size=2)).map(
    lambda drawn: _with_poison(*drawn)  # a message that cannot be read
)


def _with_poison(events: list[Record], places: Iterable[int]) -> list[Record | None]:
    messages: list[Record | None] = [*events]
    for place in places:
        messages.insert(place, POISON)
    # Some events are there twice: a push was repeated.
    return [*messages, *messages[::3]]


def scanned(messages: list[Record | None], merged_upto: int) -> merge.ScannedEvents:
    """Return what the proof's scan finds in a topic partition of which the merge has read so much."""
    found, ids, tally = merge.ScannedEvents(), set[int](), Tally()
    found.outcomes[PLACE] = tally
    for offset, one in enumerate(messages):
        tally.entered += 1
        pending = offset >= merged_upto
        if one is None:
            tally.pending += pending
            tally.rejected += not pending
            continue
        envelope = one.envelope
        merge._count(found, ids, envelope.event_id, envelope.submission_id, PLACE[0])
        merge._merge(found, plain(one), tally, PLACE[1], pending)
    return found


def plain(one: Record) -> dict[str, Any]:
    """Return an envelope as the proof reads it: moments are microseconds."""
    read = one.envelope
    return {**read._asdict(), "source_time": micros(read.source_time), "as_of": micros(read.as_of)}


@dataclass(slots=True)
class Merged:
    """What the merge says of the messages that it was given."""

    partition: Partition
    position: dict[str, int] = field(default_factory=dict)

    def take(self, messages: list[Record | None], next_offset: int) -> None:
        """Merge messages in batches of three and note the position."""
        for first in range(0, len(messages), 3):
            self.partition.work([one for one in messages[first : first + 3] if one is not None])
        counts = {name: self.partition.outcomes.count(Outcome(name)) for name in ("merged", "duplicate", "superseded")}
        self.position = {**counts, "rejected": messages.count(POISON), "next_offset": next_offset}

    def records(self) -> dict[bytes, PublishedRecord]:
        """Return the winning records as the proof reads them."""
        return {
            changelog_key(*key): PublishedRecord(
                stamp(plain(one)),
                hash(one.envelope.event_id),
                PLACE[1],
                0,
            )
            for key, one in self.partition.records.items()
        }


def proved(messages: list[Record | None], told: Merged) -> Findings:
    """Compare what is in the topic with what the merge says."""
    findings = Findings()
    merge.compare(scanned(messages, told.position["next_offset"]), {PLACE: told.position}, told.records(), findings)
    return findings


@given(messages=INPUT, waiting=st.integers(0, 4))
def test_every_event_has_one_outcome(store: Store, messages: list[Record | None], waiting: int) -> None:
    """In = merged + duplicate + superseded + rejected + unresolved, per topic partition and per submission; "in" is
    counted from broker offsets and files, the outcomes by an independent scan; the difference […] is 0.
    """
    upto = max(0, len(messages) - waiting)
    told = Merged(Partition(store))
    told.take(messages[:upto], upto)
    found = proved(messages, told)
    assert (found.difference, found.differences) == (0, [])
    tally = found.arrows["catalogue>record"]
    assert tally.missing == 0
    assert tally.entered == len(messages)
    assert sum(getattr(tally, name) for name in OUTCOMES) == upto
    assert tally.pending == len(messages) - upto


@given(messages=INPUT.filter(bool), at=st.integers(0, 30), doubled=st.booleans())
def test_an_event_that_the_merge_lost_or_took_twice_is_a_difference(
    store: Store, messages: list[Record | None], at: int, doubled: bool
) -> None:
    """[…] the outcomes by an independent scan; the difference is a metric and is 0: else it is not."""
    at %= len(messages)
    told = Merged(Partition(store))
    told.take([*messages[:at], *([messages[at]] * 2 if doubled else []), *messages[at + 1 :]], len(messages))
    assert proved(messages, told).difference > 0


ROW = st.sampled_from(["accepted", "rejected", "unresolved", "duplicates"])
SUBMISSIONS = st.dictionaries(st.sampled_from(["a", "b", "c"]), st.lists(ROW, min_size=1, max_size=6), min_size=1)
ITEM = load_catalogue().items[0].id


def receipt(rows: list[str], withdrawn: int) -> dict[str, object]:
    return {
        "state": "COMPLETED", "item": ITEM, "file_name": "样例.csv", "rows": len(rows), "withdrawn": withdrawn,
        **{name: rows.count(name) for name in ("accepted", "rejected", "unresolved", "duplicates")},
    }  # fmt: skip


def counted(submissions: dict[str, list[str]], withdrawn: int) -> tuple[merge.ScannedEvents, files.RowsNotTaken]:
    """Return what an independent count finds in the topics."""
    events, aside, ids = merge.ScannedEvents(), files.RowsNotTaken(), set[int]()
    for name, rows in submissions.items():
        for number in range(rows.count("accepted") + withdrawn):
            merge._count(events, ids, f"{name}:{number}", name, PLACE[0])
        aside.rejected[name] += rows.count("rejected")
        aside.unresolved[name] += rows.count("unresolved")
    return events, aside


def compared(
    submissions: dict[str, list[str]], withdrawn: int, events: merge.ScannedEvents, aside: files.RowsNotTaken
) -> Findings:
    findings = Findings()
    ledger = {name: receipt(rows, withdrawn) for name, rows in submissions.items()}
    files.compare(load_catalogue(), ledger, ledger, events, aside, findings)
    return findings


@given(SUBMISSIONS, st.integers(0, 2))
def test_every_row_of_a_submission_has_one_outcome(submissions: dict[str, list[str]], withdrawn: int) -> None:
    """In = merged + duplicate + superseded + rejected + unresolved, […] per submission; "in" is counted from […]
    files, the outcomes by an independent scan.
    """
    found = compared(submissions, withdrawn, *counted(submissions, withdrawn))
    assert (found.difference, found.differences) == (0, [])
    tally = found.arrows["file>catalogue"]
    assert tally.missing == 0
    assert tally.entered == sum(map(len, submissions.values())) + withdrawn * len(submissions)


@given(SUBMISSIONS, st.data())
def test_a_row_that_is_lost_or_there_twice_is_a_difference(
    submissions: dict[str, list[str]], data: st.DataObject
) -> None:
    """[…] the difference is a metric and is 0: else it is not."""
    events, aside = counted(submissions, 0)
    name = data.draw(st.sampled_from(sorted(submissions)))
    by = data.draw(st.sampled_from([-1, 1]))
    outcome = data.draw(st.sampled_from(["accepted", "rejected", "unresolved"]))
    count = {"accepted": events.by_submission, "rejected": aside.rejected, "unresolved": aside.unresolved}[outcome]
    count[name] = max(0, count.get(name, 0) + by)
    expected = 1 if by > 0 or submissions[name].count(outcome) else 0
    found = compared(submissions, 0, events, aside)
    assert found.difference == expected
    assert all(one.place.startswith(f"submission {name}") for one in found.differences)
