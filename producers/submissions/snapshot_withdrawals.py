"""What a whole list (全量) says by leaving out: earlier records of the unit that it no longer holds are withdrawn."""

import hashlib
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

from catalogue.envelope import Envelope, Op
from catalogue.errors import FileRefused
from catalogue.model import IdentityKind, Item
from catalogue.times import EPOCH, SHANGHAI
from producers.submissions.envelopes import event_envelope
from producers.submissions.event_history import SubjectRecordKey, derived_id, is_derived
from producers.submissions.ledger import Ledger
from producers.submissions.progress import SubmissionProgress
from producers.submissions.submission import Submission
from rules.merge import Record, SetSince, join, set_mark, set_since, stands

# A list that leaves out more than this of what it held before is rather half a list.
MOST_SHARE, ALWAYS_ALLOWED = 0.3, 10


@dataclass(slots=True)
class UnreadRows:
    """What a list holds but could not be read: their records are not withdrawn. ``rows`` have no readable subject."""

    subjects: set[str] = field(default_factory=set)
    rows: int = 0


@dataclass(frozen=True, slots=True)
class SnapshotScope:
    """What a list speaks of: the unit's submissions, those of the list's own file, its periods and its date."""

    earlier: frozenset[str]
    own: frozenset[str]
    periods: frozenset[str | None] | None  # None: whatever the period
    before: datetime | None
    as_of: datetime  # it withdraws nothing that is said for a later moment

    def speaks_of(self, record: Envelope) -> bool:
        """Whether the list would hold a record, were it still there: it is of its periods, and not newer than it."""
        if self.periods is not None and record.period not in self.periods:
            return False
        return record.as_of <= self.as_of and (self.before is None or record.source_time < self.before)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A record that a whole list does not hold, and the data time of that list."""

    record: Envelope
    as_of: datetime


def is_period_bound(item: Item) -> bool:
    """Whether a list is one of a period: that of a month or a year says nothing of another.

    The period is part of a record's identity, or it is declared with the list (年报 of items 9 and 10).
    """
    in_key = bool(set(item.identity.fields) & set(item.reporting_period))
    return item.identity.kind is IdentityKind.PERIOD or in_key or item.period_declared


def scope_of(
    sub: Submission | SubmissionProgress, item: Item, ledger: Ledger, periods: Iterable[str | None]
) -> SnapshotScope:
    """Return what a list speaks of, from the ledger and the periods of its rows."""
    same = {i: p for i, p in ledger.items() if (p.item, p.unit, p.region) == (sub.item, sub.unit, sub.region)}
    # What was read of a sheet before a person said otherwise is no part of the list any more.
    reread = {i for i, p in same.items() if p.sheet == sub.sheet and (p.reading or "") != (sub.reading or "")}
    own = frozenset(i for i, p in same.items() if p.file_sha256 == sub.file_sha256 and i not in reread)
    own |= {sub.id} if isinstance(sub, Submission) else {sub.submission_id}
    bound = is_period_bound(item)
    # A list of last month that comes late does not withdraw what is newer than itself.
    day = sub.data_date if sub.data_date is not None and not bound else None
    before = datetime.combine(day + timedelta(days=1), time.min, SHANGHAI) if day else None
    return SnapshotScope(frozenset(same) | own, own, frozenset(periods) if bound else None, before, sub.as_of or EPOCH)


def unread_elsewhere(sub: Submission, ledger: Ledger) -> int:
    """Return how many rows in other sheets of the same list could not be read."""
    return sum(
        p.rejected + p.unresolved
        for p in ledger.values()
        if (p.item, p.unit, p.region, p.file_sha256, p.mode)
        == (sub.item, sub.unit, sub.region, sub.file_sha256, sub.mode)
        and p.sheet != sub.sheet
    )


def left_out(
    events: Iterable[Envelope], scope: SnapshotScope, unsent: Container[SubjectRecordKey] = frozenset()
) -> tuple[int, list[Envelope]]:
    """Return how many live records of the unit lie in scope, and the winners among them that the list leaves out.

    All events of the records' partition are needed, in any order. A record whose newest word is another unit's is
    that unit's affair. ``unsent``: what the list holds beside the events of it that are sent.
    """
    listed: set[SubjectRecordKey] = set()

    def note(event: Envelope) -> None:
        if event.submission_id in scope.own and not is_derived(event.event_id):
            listed.add(record_of(event))

    standing = [e for e in standing_records(events, note) if e.submission_id in scope.earlier and scope.speaks_of(e)]
    gone = (e for e in standing if record_of(e) not in listed and record_of(e) not in unsent)
    return len(standing), sorted(gone, key=record_of)


def record_of(event: Envelope) -> SubjectRecordKey:
    """Return which record of the item an event is of."""
    return event.subject, event.record_key


def standing_records(events: Iterable[Envelope], note: Callable[[Envelope], None]) -> list[Envelope]:
    """Return the winners among an item's events that stand; ``note`` is given each event."""
    winners: dict[SubjectRecordKey, Record] = {}
    marks: dict[SubjectRecordKey, SetSince] = {}
    for event in events:
        note(event)
        mark = set_mark(event)
        if mark is not None:
            since = set_since(mark)
            marks[record_of(mark)] = max(marks.get(record_of(mark), since), since)
        # Its payload is of no matter here.
        winners[record_of(event)], _ = join(winners.get(record_of(event)), Record(event, 0, b""))
    found = (record.envelope for record in winners.values())
    return [one for one in found if stands(one, marks.get((one.subject, one.set_key)))]


def withdrawal(sub: Submission, gone: Envelope, as_of: datetime) -> dict[str, Any]:
    """Return the envelope of the event that withdraws a record: above what it says, below any later report.

    ``as_of``: the data time of the list that leaves it out.
    """
    named = f"{gone.subject}\x00{gone.item}\x00{gone.record_key}"
    digest = hashlib.blake2b(named.encode(), digest_size=16).hexdigest()
    return event_envelope(
        sub,
        derived_id(sub.id, digest),
        Op.WITHDRAW,
        subject=gone.subject,
        record_key=gone.record_key,
        period=gone.period,
        source_time=gone.source_time,
        revision=gone.revision + 1 if gone.as_of == as_of else 0,
        as_of=as_of,
        # Keyed already through the record key; there is no content.
        content_hash=digest,
        region=gone.region,
        subject_name=gone.subject_name,
    )


def refuse_if_doubtful(sub: Submission, counts: Mapping[str, int], *, sent: bool = True) -> None:
    """Raise FileRefused when a list leaves out so much, or so much of it is unreadable, that it may be incomplete.

    ``counts``: ``live`` records of the unit before, ``gone`` ones, ``unread`` rows without a readable subject;
    ``sent``: whether rows of it are sent already.
    """
    live, gone, unread = counts["live"], counts["gone"], counts["unread"]
    if gone and unread:
        why = f"有{unread}行读不出主体，无法判断它们是否在应撤下的{gone}条之中"
    elif gone > ALWAYS_ALLOWED and gone > MOST_SHARE * live:
        why = f"原有{live}条记录，这份全量表中没有的有{gone}条（{gone / live:.0%}）"
    else:
        return
    so_far = "表中的行已经报送，没有撤下任何记录" if sent else "没有报送任何一行，也没有撤下任何记录"
    raise FileRefused(
        f"“{sub.file_name}”声明为全量，但{why}。{so_far}。",
        remedy="请核对文件是否完整；确认无误请加 --accept-withdrawals 重新运行，只是部分数据请改用 --incremental。",
    )
