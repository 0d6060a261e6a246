"""What a table says that a later whole list does not hold: the list was sent first, and it still counts.

Had they come in the order of their data times, the list would have withdrawn these records. So they are withdrawn when
the earlier table comes at last, as of the list.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from catalogue.envelope import Envelope
from catalogue.model import Item
from producers.submissions.declarations import SubmissionMode
from producers.submissions.event_history import SubjectRecordKey, is_derived
from producers.submissions.ledger import Ledger
from producers.submissions.snapshot_withdrawals import (
    LeftOut,
    SnapshotScope,
    is_period_bound,
    record_of,
    scope_of,
    standing_records,
)
from producers.submissions.submission import Submission


@dataclass(slots=True)
class LaterList:
    """A whole list that is in the topic already: what it speaks of, and the records and periods it holds."""

    scope: SnapshotScope
    records: set[SubjectRecordKey] = field(default_factory=set)
    periods: set[str | None] = field(default_factory=set)

    def note(self, event: Envelope) -> None:
        """Take note of an event that the list sent."""
        if event.submission_id in self.scope.own and not is_derived(event.event_id):
            self.records.add(record_of(event))
            self.periods.add(event.period)


def later_lists(sub: Submission, item: Item, ledger: Ledger) -> list[LaterList]:
    """Return the whole lists of the same unit and region that are of a later data time, the earliest first.

    One with rows that nobody could read is left out: they may be the very records that seem to be missing.
    """
    files: dict[str, SnapshotScope] = {}
    unread: set[str] = set()
    for progress in ledger.values():
        if (progress.item, progress.unit, progress.region) != (sub.item, sub.unit, sub.region):
            continue
        whole = progress.mode == SubmissionMode.FULL and progress.completed and progress.as_of is not None
        if progress.file_sha256 == sub.file_sha256 or not whole:
            continue
        if progress.rejected or progress.unresolved:
            unread.add(progress.file_sha256)
        scope = scope_of(progress, item, ledger, [])
        if scope.as_of > sub.as_of:
            files[progress.file_sha256] = scope
    scopes = sorted((s for sha, s in files.items() if sha not in unread), key=lambda s: s.as_of)
    return [LaterList(scope) for scope in scopes]


def left_out_later(
    events: Iterable[Envelope], sub: Submission, item: Item, lists: Iterable[LaterList]
) -> list[LeftOut]:
    """Return the live records that this submission reports and a later list leaves out.

    All events of the records' partition are needed, in any order.
    """
    lists = list(lists)

    def note(event: Envelope) -> None:
        for later in lists:
            later.note(event)

    gone: list[LeftOut] = []
    for record in standing_records(events, note):
        if record.submission_id != sub.id or is_derived(record.event_id):
            continue
        for later in lists:
            periods = frozenset(later.periods) if is_period_bound(item) else None
            speaks = replace(later.scope, periods=periods).speaks_of(record)
            if speaks and record_of(record) not in later.records:
                gone.append(LeftOut(record, later.scope.as_of))
                break
    return sorted(gone, key=lambda left: record_of(left.record))
