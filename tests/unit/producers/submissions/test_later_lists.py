"""What a table says that a later whole list leaves out, though the list came first."""

from dataclasses import replace
from datetime import date, timedelta

from catalogue.load import load_catalogue
from producers.submissions.declarations import SubmissionMode
from producers.submissions.later_lists import later_lists, left_out_later
from producers.submissions.progress import SubmissionCounts, SubmissionProgress, SubmissionState
from producers.submissions.submission import Submission
from tests.unit.producers.submissions.test_snapshot_withdrawals import DAY, LIST, event

ITEM = load_catalogue().item("1")
EARLIER = replace(LIST, mode=SubmissionMode.INCREMENTAL, file_sha256="11", as_of=DAY)
LATER = replace(LIST, file_sha256="22", as_of=DAY + timedelta(days=5))


def ledger(*lists: Submission, **more: object) -> dict[str, SubmissionProgress]:
    """Return a ledger in which these were sent."""
    counts = SubmissionCounts()
    sent = {one.id: SubmissionProgress.of(one, counts, SubmissionState.COMPLETED) for one in lists}
    return {name: replace(progress, **more) for name, progress in sent.items()}  # type: ignore[arg-type]


def gone(*events: object, lists: tuple[Submission, ...] = (LATER,)) -> list[tuple[str, object]]:
    found = left_out_later(events, EARLIER, ITEM, later_lists(EARLIER, ITEM, ledger(*lists)))  # type: ignore[arg-type]
    return [(left.record.subject, left.as_of) for left in found]


def test_what_the_later_list_leaves_out_ends_as_of_it() -> None:
    own = [event(key, EARLIER.id, as_of=DAY) for key in ("a", "b")]
    listed = event("a", LATER.id, as_of=LATER.as_of)
    assert gone(*own, listed) == [("b", LATER.as_of)]
    # Others' records were judged when the list came.
    assert gone(event("c", "one", as_of=DAY), listed) == []


def test_the_earliest_list_that_leaves_it_out_decides() -> None:
    last = replace(LATER, file_sha256="33", as_of=LATER.as_of + timedelta(days=1))
    events = [event("b", EARLIER.id, as_of=DAY), event("a", last.id), event("a", LATER.id)]
    assert gone(*events, lists=(last, LATER)) == [("b", LATER.as_of)]


def test_a_list_speaks_of_nothing_newer_than_itself() -> None:
    dated = replace(LATER, data_date=date(2025, 4, 5))
    newer = event("b", EARLIER.id, as_of=DAY, source_time=DAY + timedelta(days=20))
    assert gone(newer, lists=(dated,)) == []
    assert gone(event("b", EARLIER.id, as_of=DAY), lists=(dated,)) == [("b", dated.as_of)]


def test_only_complete_lists_of_the_unit_and_a_later_time_count() -> None:
    for more in (
        {"state": "OPEN"}, {"mode": "INCREMENTAL"}, {"region": "630121"}, {"unit": "tax"}, {"as_of": DAY},
        {"file_sha256": EARLIER.file_sha256},
        # Rows that nobody could read may be the very ones that seem to be missing.
        {"rejected": 1}, {"unresolved": 1},
    ):  # fmt: skip
        assert later_lists(EARLIER, ITEM, ledger(LATER, **more)) == [], more
    assert len(later_lists(EARLIER, ITEM, ledger(LATER))) == 1


def test_a_list_of_another_period_says_nothing_of_this_one() -> None:
    item = load_catalogue().item("16")
    events = [
        event("b", EARLIER.id, as_of=DAY, period="2025-02"), event("c", EARLIER.id, as_of=DAY, period="2025-03"),
        event("a", LATER.id, period="2025-03"),
    ]  # fmt: skip
    found = left_out_later(events, EARLIER, item, later_lists(EARLIER, item, ledger(LATER)))
    assert [left.record.subject for left in found] == ["c"]
