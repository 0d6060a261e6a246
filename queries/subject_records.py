"""What there is of one enterprise, for whoever has decided what of it may be seen: records page by page, indicators.

Nothing here decides. Values are as fresh as the sink of PostgreSQL.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from catalogue.envelope import ENVELOPE_NAMES, SET_MARK, Envelope, is_mark
from catalogue.errors import PoisonMessage
from connectors.postgres import SnapshotPool
from queries.table_snapshot import TableSnapshot
from rules.merge import Record, is_live
from rules.state import RecordIdentity, Until, set_since_of

_COLUMNS = f"select {', '.join(ENVELOPE_NAMES)}, schema_id, payload from credit_record"
_PAGE = f"""
{_COLUMNS} where subject = %(subject)s and item = %(item)s and op = 'REPORT' and record_key > %(after)s
order by record_key limit %(most)s
"""
_MARKS = f"""
{_COLUMNS} where subject = %(subject)s and item = %(item)s
and (record_key = %(mark)s or starts_with(record_key, %(mark)s || '#'))
"""
_ITEMS = """
select item from unnest(%(items)s::text[]) item
where exists (select from credit_record r where r.subject = %(subject)s and r.item = item)
"""
_NAME = "select subject_name from credit_state where subject = %s"
_INDICATORS = "select indicators from credit_indicator where subject = %s and item = any(%s)"


class RecordPage(NamedTuple):
    """The records of a page that count, of ``size`` that were looked at.

    ``last``: the key behind which the next one begins, None: there is none.
    """

    records: tuple[Record, ...]
    size: int
    last: str | None


class SubjectRecords:
    """Reads one snapshot; every call raises SinkUnavailable when PostgreSQL does not answer."""

    def __init__(self, tables: TableSnapshot) -> None:
        self._tables = tables
        self._marks: dict[tuple[str, str], dict[RecordIdentity, Record]] = {}

    def name(self, subject: str) -> str | None:
        """Return the name of an enterprise; None: none is known."""
        return next((name for (name,) in self._tables.rows(_NAME, (subject,))), None)

    def items(self, subject: str, items: Collection[str]) -> list[str]:
        """Return those of the items, sorted, of which there is any record of an enterprise."""
        rows = self._tables.rows(_ITEMS, {"subject": subject, "items": sorted(items)})
        return sorted(item for (item,) in rows)

    def counting(self, subject: str, item: str, after: str, most: int, until: Until, day: date) -> RecordPage:
        """Return those of the next ``most`` records behind a key that count on a day; "": from the first one on.

        ``until`` says when the law ends one; one of which it raises PoisonMessage is left out.
        """
        values = {"subject": subject, "item": item, "after": after, "most": most}
        page = [_record(row) for row in self._tables.rows(_PAGE, values)]
        marks = self._marks_of(subject, item) if page else {}
        live = tuple(one for one in page if _counts(one, marks, until, day))
        return RecordPage(live, len(page), page[-1].envelope.record_key if len(page) == most else None)

    def indicators(self, subject: str, groups: Collection[str]) -> Mapping[str, Decimal]:
        """Return the values that are known of groups of indicators, by the ids of the indicators."""
        found = (values for (values,) in self._tables.rows(_INDICATORS, (subject, sorted(groups))))
        return {name: Decimal(value) for own in found for name, value in own.items() if value is not None}

    def _marks_of(self, subject: str, item: str) -> dict[RecordIdentity, Record]:
        key = subject, item
        if key not in self._marks:
            rows = self._tables.rows(_MARKS, {"subject": subject, "item": item, "mark": SET_MARK})
            records = map(_record, rows)
            self._marks[key] = {(one.envelope.item, one.envelope.record_key): one for one in records}
        return self._marks[key]


@contextmanager
def subject_records(pool: SnapshotPool) -> Iterator[SubjectRecords]:
    """Open a snapshot; raises SinkUnavailable when PostgreSQL does not answer."""
    with pool.snapshot() as connection:
        yield SubjectRecords(TableSnapshot(connection))


def _counts(record: Record, marks: Mapping[RecordIdentity, Record], until: Until, day: date) -> bool:
    if is_mark(record.envelope.record_key):
        return False
    try:
        return is_live(record.envelope, set_since_of(marks, record.envelope), until(record), day)
    except PoisonMessage:
        # Nothing of it can be told; it was named when it came.
        return False


def _record(row: tuple[Any, ...]) -> Record:
    *envelope, unread, schema_id, payload = row
    return Record(Envelope._make((*envelope, tuple(unread))), schema_id, bytes(payload))
