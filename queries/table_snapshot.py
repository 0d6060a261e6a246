"""Point reads of one snapshot of what the sink keeps in PostgreSQL: states, records, submissions, rejected rows."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from catalogue.envelope import ENVELOPE_NAMES, SET_MARK, Envelope
from connectors import postgres
from queries.not_taken import (
    REJECTED_BY_UNIT,
    WAITING_BY_UNIT,
    WAITING_ROWS,
    NotTakenFilter,
    NotTakenRows,
    WaitingRow,
)
from queries.receipts import RECEIPT_COLUMNS, REJECT_COLUMNS, KeptReceipt, RejectedRow
from rules.merge import Record

_RECORD = f"select {', '.join(ENVELOPE_NAMES)}, schema_id, payload from credit_record where subject = %s and item = %s"
# What counts, as rules.merge.is_live says it: reported, and not older than the latest whole set. Said again in SQL, for
# a subject may have a hundred thousand records, and one row an item is wanted.
_COUNTING = """
select r.item, max(r.source_time), count(*) filter (where r.unread_fields <> '[]') from credit_record r
left join credit_record m on m.subject = r.subject and m.item = r.item and m.record_key
 = case when starts_with(r.record_key, r.period || '|') then %(mark)s || '#' || r.period else %(mark)s end
where r.subject = %(subject)s and r.op = 'REPORT'
and (m.subject is null or (r.source_time, r.as_of, r.revision) >= (m.source_time, m.as_of, m.revision))
group by r.item
"""
_RECORD_COUNTS = """
select item, count(*) from credit_record
where subject = %(subject)s and record_key <> %(mark)s and not starts_with(record_key, %(mark)s || '#')
group by item
"""
_STATE = """
select s.subject_name, s.sequence, s.as_of, s.hash,
    coalesce(
        (select jsonb_object_agg(one.key, one.value)
         from credit_indicator i, jsonb_each(i.indicators) as one where i.subject = s.subject), '{}'),
    s.counts, s.changed_at
from credit_state s where s.subject = %s
"""
_SOURCE = "select submission_id, file_name, sheet from submission where submission_id = any(%s)"
_RECEIPTS = f"""
select {", ".join(RECEIPT_COLUMNS)} from submission
where (%(unit)s is null or unit = %(unit)s) and (%(item)s is null or item = %(item)s)
order by opened_at desc, submission_id limit %(limit)s
"""
_REJECTS = f"""
select {", ".join(REJECT_COLUMNS)} from rejected
where submission_id = %(submission)s and (%(row)s::bigint is null or row = %(row)s)
order by row, source_topic, source_partition, source_offset limit %(limit)s
"""
_SUBJECT_COUNTS = (
    "select (select count(*) from credit_state where counts ?| %(items)s),"
    # Its own function: who asks may not read the table of persons.
    " person_subjects(%(items)s)"
)
_POSITIONS = "select topic, partition, next_offset from sink_position"
_INDICATORS = "select subject, indicators from credit_indicator"
_BUSIEST = "select subject from credit_state order by sequence desc, subject limit 1"


@dataclass(frozen=True, slots=True)
class StateRow:
    """A row of ``credit_state``: the newest state of one subject."""

    subject: str
    subject_name: str | None
    sequence: int
    as_of: date
    hash: str
    indicators: Mapping[str, Decimal | None]
    counts: Mapping[str, int]
    changed_at: datetime


class CountingRecords(NamedTuple):
    """The newest source time of an item's records that count, and how many have a field that nobody could read."""

    newest: datetime
    partly_read: int


@dataclass(frozen=True, slots=True)
class SubmissionSource:
    """The file and the sheet that a submission came from."""

    submission_id: str
    file_name: str
    sheet: str | None


@dataclass(frozen=True, slots=True)
class SubjectCounts:
    """How many enterprises have a state with records of some items, and how many persons have such records."""

    states: int
    persons: int


class TableSnapshot:
    """All reads see the database as of the first one."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def state(self, subject: str) -> StateRow | None:
        """Return a subject's newest state; None when it has none."""
        for name, sequence, as_of, digest, indicators, counts, changed_at in self._rows(_STATE, (subject,)):
            values = {key: None if value is None else Decimal(value) for key, value in indicators.items()}
            return StateRow(subject, name, sequence, as_of, digest, values, counts, changed_at)
        return None

    def counting(self, subject: str) -> dict[str, CountingRecords]:
        """Return what there is to say of the records that count, by item."""
        rows = self._rows(_COUNTING, {"subject": subject, "mark": SET_MARK})
        return {item: CountingRecords(newest, partly_read) for item, newest, partly_read in rows}

    def record_counts(self, subject: str) -> dict[str, int]:
        """Return how many records there are, withdrawn ones included, by item."""
        return dict(self._rows(_RECORD_COUNTS, {"subject": subject, "mark": SET_MARK}))

    def records(self, subject: str, item: str) -> list[Record]:
        """Return the winning version of each record of an item, the mark of its whole sets included."""
        return [
            Record(Envelope._make((*envelope, tuple(unread))), schema_id, bytes(payload))
            for *envelope, unread, schema_id, payload in self._rows(_RECORD, (subject, item))
        ]

    def sources(self, submissions: Collection[str]) -> dict[str, SubmissionSource]:
        """Return where submissions came from, by id; those that the sink has not seen are left out."""
        return {row[0]: SubmissionSource(*row) for row in self._rows(_SOURCE, (sorted(submissions),))}

    def receipts(self, unit: str | None, item: str | None, limit: int) -> list[KeptReceipt]:
        """Return submissions, the newest first, of one unit or item or of all."""
        values = {"unit": unit, "item": item, "limit": limit}
        return [KeptReceipt(**dict(zip(RECEIPT_COLUMNS, row, strict=True))) for row in self._rows(_RECEIPTS, values)]

    def rejects(self, submission_id: str, row: int | None, limit: int) -> list[RejectedRow]:
        """Return the rejected rows of a submission, all or the one of a number, in the order of the file."""
        values = {"submission": submission_id, "row": row, "limit": limit}
        return [RejectedRow.of(columns) for columns in self._rows(_REJECTS, values)]

    def rejected(self, chosen: NotTakenFilter) -> list[NotTakenRows]:
        """Return the rejected rows by unit and item, the most first."""
        return [NotTakenRows(*row) for row in self._rows(REJECTED_BY_UNIT, chosen.as_values())]

    def waiting(self, chosen: NotTakenFilter) -> list[NotTakenRows]:
        """Return the rows that wait for their subject by unit and item, the most first."""
        return [NotTakenRows(*row) for row in self._rows(WAITING_BY_UNIT, chosen.as_values())]

    def waiting_rows(self, submission_id: str, limit: int) -> list[WaitingRow]:
        """Return the rows of a submission that wait, in the order of the file."""
        return [WaitingRow.of(row) for row in self._rows(WAITING_ROWS, {"submission": submission_id, "limit": limit})]

    def positions(self) -> dict[tuple[str, int], int]:
        """Return the next offset that the sink will read, by topic (real name) and partition."""
        return {(topic, partition): offset for topic, partition, offset in self._rows(_POSITIONS, ())}

    def subject_counts(self, items: Sequence[str]) -> SubjectCounts:
        """Return how many subjects have records of any of these items."""
        (row,) = self._rows(_SUBJECT_COUNTS, {"items": list(items)})
        return SubjectCounts(*row)

    def indicators(self) -> dict[str, dict[str, Decimal]]:
        """Return every indicator's values, by its id and the subject; what is unknown is left out."""
        found: dict[str, dict[str, Decimal]] = {}
        for subject, values in self._rows(_INDICATORS, ()):
            for name, value in values.items():
                if value is not None:
                    found.setdefault(name, {})[subject] = Decimal(value)
        return found

    def busiest_subject(self) -> str | None:
        """Return the subject whose state has changed most often; None when there is no state."""
        return next((subject for (subject,) in self._rows(_BUSIEST, ())), None)

    def rows(self, query: str, values: Sequence[Any] | Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Return what a query of another module of ``queries`` finds."""
        return self._rows(query, values)

    def _rows(self, query: str, values: Sequence[Any] | Mapping[str, Any]) -> list[tuple[Any, ...]]:
        return postgres.rows(self._connection, query, values)


@contextmanager
def table_snapshot(dsn: str) -> Iterator[TableSnapshot]:
    """Open a snapshot of the tables; raises SinkUnavailable when the database does not answer."""
    with postgres.snapshot(dsn) as connection:
        yield TableSnapshot(connection)
