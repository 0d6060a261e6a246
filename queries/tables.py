"""Point reads of what the sink keeps in PostgreSQL: a state, its records, the submissions they came by."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import psycopg2

from catalogue.envelope import ENVELOPE_NAMES, SET_MARK, Envelope
from catalogue.errors import SinkUnavailable, StackError
from connectors import postgres
from rules.merge import Record

_RECORD = f"select {', '.join(ENVELOPE_NAMES)}, schema_id, payload from credit_record where subject = %s and item = %s"
# What counts, as rules.merge.is_live says it: reported, and not older than the latest whole set.
_NEWEST = """
select r.item, max(r.source_time) from credit_record r
left join credit_record m on m.subject = r.subject and m.item = r.item and m.record_key = %(mark)s
where r.subject = %(subject)s and r.op = 'REPORT' and r.record_key <> %(mark)s
and (m.subject is null or (r.source_time, r.revision) >= (m.source_time, m.revision))
group by r.item
"""
_HELD = "select item, count(*) from credit_record where subject = %s and record_key <> %s group by item"
_STATE = (
    "select subject_name, sequence, as_of, hash, indicators, counts, changed_at from credit_state where subject = %s"
)
_SOURCE = "select submission_id, file_name, sheet, state from submission where submission_id = any(%s)"


@dataclass(frozen=True, slots=True)
class State:
    """The rolling state of one subject, as ``credit_state`` has it."""

    subject: str
    subject_name: str | None
    sequence: int
    as_of: date
    hash: str
    indicators: Mapping[str, Decimal | None]
    counts: Mapping[str, int]
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Source:
    """The table a version came in, as the ledger of submissions has it."""

    submission_id: str
    file_name: str
    sheet: str | None
    state: str


class Tables:
    """One snapshot of the tables that the sink fills."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def state(self, subject: str) -> State | None:
        """Return a subject's state; None when there is none."""
        for name, sequence, as_of, digest, indicators, counts, changed_at in self._rows(_STATE, (subject,)):
            values = {key: None if value is None else Decimal(value) for key, value in indicators.items()}
            return State(subject, name, sequence, as_of, digest, values, counts, changed_at)
        return None

    def newest(self, subject: str) -> dict[str, datetime]:
        """Return the newest source time of what counts, by item."""
        return dict(self._rows(_NEWEST, {"subject": subject, "mark": SET_MARK}))

    def held(self, subject: str) -> dict[str, int]:
        """Return how many records there are, withdrawn ones included, by item."""
        return dict(self._rows(_HELD, (subject, SET_MARK)))

    def records(self, subject: str, item: str) -> list[Record]:
        """Return the winning version of each record of an item, the mark of its whole sets included."""
        return [
            Record(Envelope(*envelope), schema_id, bytes(payload))
            for *envelope, schema_id, payload in self._rows(_RECORD, (subject, item))
        ]

    def sources(self, submissions: Collection[str]) -> dict[str, Source]:
        """Return what the ledger has of submissions, by id."""
        return {row[0]: Source(*row) for row in self._rows(_SOURCE, (sorted(submissions),))}

    def _rows(self, query: str, values: Sequence[Any] | Mapping[str, Any]) -> list[tuple[Any, ...]]:
        with self._connection.cursor() as cursor:
            try:
                cursor.execute(query, values)
                rows: list[tuple[Any, ...]] = cursor.fetchall()
            except psycopg2.errors.UndefinedTable as exc:
                raise StackError(
                    "The database has none of the hub's tables.", remedy="Run `credithub prepare`."
                ) from exc
            except psycopg2.OperationalError as exc:
                raise SinkUnavailable("PostgreSQL does not answer.", remedy="See `credithub status`.") from exc
            return rows


@contextmanager
def tables(dsn: str) -> Iterator[Tables]:
    """Open a snapshot of the tables; raises SinkUnavailable when the database does not answer."""
    with postgres.snapshot(dsn) as connection:
        yield Tables(connection)
