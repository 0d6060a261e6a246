"""What a whole list (全量) says by leaving out: earlier records of the unit that it no longer holds are withdrawn."""

import hashlib
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

from catalogue.envelope import Envelope, Op
from catalogue.errors import FileRefused
from catalogue.model import IdentityKind, Item
from catalogue.times import SHANGHAI
from producers.submissions.envelopes import event_envelope
from producers.submissions.event_history import SubjectRecordKey, derived_id, is_derived
from producers.submissions.ledger import Ledger
from producers.submissions.submission import Submission
from rules.merge import Record, SetSince, is_live, join, set_mark, set_since

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


def is_period_bound(item: Item) -> bool:
    """Whether a list is one of a period: that of a month or a year says nothing of another.

    The period is part of a record's identity, or it is declared with the list (年报 of items 9 and 10).
    """
    in_key = bool(set(item.identity.fields) & set(item.reporting_period))
    return item.identity.kind is IdentityKind.PERIOD or in_key or item.period_declared


def scope_of(sub: Submission, item: Item, ledger: Ledger, periods: Iterable[str | None]) -> SnapshotScope:
    """Return what a submission speaks of, from the ledger and the periods of its rows."""
    same = {i: p for i, p in ledger.items() if (p.item, p.unit, p.region) == (sub.item, sub.unit, sub.region)}
    own = {sub.id, *(i for i, p in same.items() if p.file_sha256 == sub.file_sha256)}
    bound = is_period_bound(item)
    # A list of last month that comes late does not withdraw what is newer than itself.
    day = sub.data_date if sub.data_date is not None and not bound else None
    before = datetime.combine(day + timedelta(days=1), time.min, SHANGHAI) if day else None
    return SnapshotScope(
        frozenset(same) | own, frozenset(own), frozenset(periods) if bound else None, before, sub.as_of
    )


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
    winners: dict[SubjectRecordKey, Record] = {}
    marks: dict[SubjectRecordKey, SetSince] = {}
    listed: set[SubjectRecordKey] = set()
    for event in events:
        key = (event.subject, event.record_key)
        if event.submission_id in scope.own and not is_derived(event.event_id):
            listed.add(key)
        mark = set_mark(event)
        if mark is not None:
            since, at = set_since(mark), (mark.subject, mark.record_key)
            marks[at] = max(marks.get(at, since), since)
        # Its payload is of no matter here.
        winners[key], _ = join(winners.get(key), Record(event, 0, b""))
    live = [
        (key, record.envelope)
        for key, record in winners.items()
        if record.envelope.submission_id in scope.earlier
        and is_live(record.envelope, marks.get((record.envelope.subject, record.envelope.set_key)))
        and (scope.periods is None or record.envelope.period in scope.periods)
        and (scope.before is None or record.envelope.source_time < scope.before)
        and record.envelope.as_of <= scope.as_of
    ]
    return len(live), sorted(
        (e for key, e in live if key not in listed and key not in unsent), key=lambda e: (e.subject, e.record_key)
    )


def withdrawal(sub: Submission, gone: Envelope) -> dict[str, Any]:
    """Return the envelope of the event that withdraws a record: above what it says, below any later report."""
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
        revision=gone.revision + 1 if gone.as_of == sub.as_of else 0,
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
