"""Whole lists: what they withdraw, what they leave alone, and how a record returns."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from catalogue.envelope import Channel, Envelope
from catalogue.errors import FileRefused
from catalogue.load import load_catalogue
from catalogue.times import EPOCH
from producers.submissions.declarations import SubmissionMode
from producers.submissions.event_history import RevisionFloor, is_derived, revision_floors
from producers.submissions.progress import SubmissionCounts, SubmissionProgress, SubmissionState
from producers.submissions.snapshot_withdrawals import SnapshotScope, left_out, refuse_if_doubtful, scope_of, withdrawal
from producers.submissions.submission import Submission
from tests.builders.events import envelope

DAY = datetime(2025, 3, 31, tzinfo=UTC)
LIST = Submission(
    "market.registration",
    "market_regulation",
    "630100",
    SubmissionMode.FULL,
    None,
    None,
    False,
    "f.csv",
    "22",
    None,
    channel=Channel.FILE,
)


def event(key: str, submission: str = "one", **more: Any) -> Envelope:
    """Return a report of the record ``key``."""
    fields: dict[str, Any] = {
        "event_id": f"{submission}:{key}", "item": LIST.item, "source_time": DAY, "unit": LIST.unit,
        "region": LIST.region, "submission_id": submission, "subject": key, "subject_name": None,
    }  # fmt: skip
    return envelope(**fields | more)


def scope(**more: Any) -> SnapshotScope:
    values: dict[str, Any] = {
        "earlier": frozenset({"one", "two", LIST.id}), "own": frozenset({LIST.id}), "periods": None, "before": None,
        "as_of": DAY,
    }  # fmt: skip
    return SnapshotScope(**values | more)


def gone(events: Sequence[Envelope], where: SnapshotScope) -> list[str]:
    return [one.subject for one in left_out(events, where)[1]]


def test_a_list_withdraws_what_it_leaves_out_in_whatever_order_events_lie() -> None:
    events = [event("a"), event("b"), event("a", LIST.id), event("c", "two")]
    for order in permutations(events):
        live, missing = left_out(order, scope())
        assert live == 3
        assert [one.subject for one in missing] == ["b", "c"]


def test_what_is_anothers_gone_or_newer_stays_as_it_is() -> None:
    later = DAY + timedelta(days=40)
    events = [
        event("theirs", "one"), event("theirs", "of another unit", source_time=later),
        event("withdrawn"), event("withdrawn", "two", op="WITHDRAW", revision=1),
        event("newer", source_time=later),
        event("member"), event("member", "two", record_key="2", source_time=later, replaces_set=True),
    ]  # fmt: skip
    assert gone(events, scope(before=DAY + timedelta(days=1))) == []


def test_a_month_says_nothing_of_another() -> None:
    events = [event("a", period="2025-02"), event("b", period="2025-03"), event("c", LIST.id, period="2025-03")]
    assert gone(events, scope(periods=frozenset({"2025-03"}))) == ["b"]


def test_the_scope_is_the_unit_and_region_and_the_other_sheets_of_the_file_are_the_list_too() -> None:
    catalogue = load_catalogue()
    done = SubmissionProgress.of(LIST, SubmissionCounts(), SubmissionState.COMPLETED)
    same = replace(done, file_sha256="11")
    ledger = {
        "one": same, "elsewhere": replace(same, region="630121"), "other": replace(same, unit="tax"), "sheet": done,
    }  # fmt: skip
    found = scope_of(LIST, catalogue.item("1"), ledger, [])
    assert found.earlier == {"one", "sheet", LIST.id}
    assert found.own == {"sheet", LIST.id}
    assert found.periods is None
    monthly = scope_of(LIST, catalogue.item("16"), ledger, ["2025-03"])
    assert monthly.periods == frozenset[str | None]({"2025-03"})
    assert found.before is None


def test_a_list_of_an_earlier_day_withdraws_nothing_newer() -> None:
    dated = replace(LIST, data_date=date(2025, 3, 31))
    found = scope_of(dated, load_catalogue().item("1"), {}, [])
    assert found.before == datetime(2025, 3, 31, 16, tzinfo=UTC)


def test_a_withdrawal_beats_what_it_withdraws_and_the_record_returns_above_it() -> None:
    held = event("a", revision=4)
    raised = withdrawal(LIST, held, EPOCH)
    assert raised["event_id"] == withdrawal(LIST, held, EPOCH)["event_id"]
    assert is_derived(raised["event_id"])
    withdrew = Envelope(**raised)
    assert withdrew.version > held.version
    events = [held, withdrew]
    assert revision_floors(events, {"one", LIST.id}, "now") == {("a", "1"): RevisionFloor(DAY, EPOCH, 5, True)}
    returned = event("a", "three", revision=6)
    ids = {"one", "three", LIST.id}
    assert revision_floors([*events, returned], ids, "now") == {("a", "1"): RevisionFloor(DAY, EPOCH, 6, False)}
    # A killed push goes on as it began: its own events are no past.
    assert revision_floors([*events, returned], ids, "three") == {("a", "1"): RevisionFloor(DAY, EPOCH, 5, True)}


def test_a_list_withdraws_as_of_itself_and_nothing_that_is_said_for_a_later_moment() -> None:
    earlier, later = event("earlier", as_of=DAY - timedelta(days=1), revision=4), event("later", as_of=DAY, revision=4)
    assert gone([earlier, later], scope(as_of=DAY - timedelta(days=1))) == ["earlier"]
    withdrew = [Envelope(**withdrawal(LIST, one, DAY)) for one in (earlier, later)]
    assert [(one.as_of, one.revision) for one in withdrew] == [(DAY, 0), (DAY, 5)]
    assert all(one.version > held.version for one, held in zip(withdrew, (earlier, later), strict=True))


def test_a_declared_period_bounds_a_list_though_no_key_has_it() -> None:
    assert scope_of(LIST, load_catalogue().item("10"), {}, ["2024"]).periods == frozenset[str | None]({"2024"})


@pytest.mark.parametrize(
    ("live", "missing", "unread", "doubtful"),
    [(100, 30, 0, False), (100, 31, 0, True), (12, 10, 0, False), (100, 1, 1, True), (100, 0, 5, False)],
)
def test_a_list_that_may_be_half_is_refused(live: int, missing: int, unread: int, doubtful: bool) -> None:
    counts = {"live": live, "gone": missing, "unread": unread}
    if not doubtful:
        refuse_if_doubtful(LIST, counts)
        return
    with pytest.raises(FileRefused, match=str(missing)):
        refuse_if_doubtful(LIST, counts)
