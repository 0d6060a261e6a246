"""Rows that were rejected, or wait for their subject, by unit and item: how many, since when, mostly why."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from catalogue.plain_values import jsonable


@dataclass(frozen=True, slots=True)
class NotTakenFilter:
    """Which rows are meant; ``unit`` and ``item`` by their ids, ``since``: not taken at that time or later."""

    unit: str | None = None
    item: str | None = None
    since: datetime | None = None

    def as_values(self) -> dict[str, Any]:
        """Return the values of the queries of this module."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class NotTakenRows:
    """The rows of one unit and item; a field is a column of the queries of this module.

    ``unit``, ``item`` and ``newest_submission`` are empty for messages that could not be read, and ``newest_message``
    says where the newest of them is: its topic without prefix, its partition and offset. ``code``,
    ``column`` and ``message`` are the commonest reason, which ``reason_rows`` of the rows have; a row may have several.
    """

    unit: str
    item: str
    rows: int
    submissions: int
    oldest: datetime
    newest: datetime
    newest_submission: str
    newest_file: str
    code: str
    column: str
    message: str
    reason_rows: int
    newest_message: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the rows for JSON."""
        return {name: jsonable(value) for name, value in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """A row that waits for its subject; ``masked``: by its columns, what not everybody may see is masked."""

    submission_id: str
    row: int
    unit: str
    region: str
    item: str
    file_name: str
    sheet: str | None
    reason: str
    message: str
    masked: Mapping[str, str]
    unresolved_at: datetime

    @classmethod
    def of(cls, row: Sequence[Any]) -> "WaitingRow":
        """Return the waiting row of a row of ``unresolved``, its columns in the order of ``WAITING_COLUMNS``."""
        return cls(*row)

    def as_json(self) -> dict[str, Any]:
        """Return the waiting row for JSON."""
        return {name: jsonable(value) for name, value in asdict(self).items()}


WAITING_COLUMNS = tuple(field.name for field in fields(WaitingRow))

_CHOSEN = (
    "(%(unit)s is null or unit = %(unit)s) and (%(item)s is null or item = %(item)s)"
    " and (%(since)s::timestamptz is null or {time} >= %(since)s)"
)
# A row counts once for each of its reasons, however many of its columns have the same title.
_REASONS = {
    "rejected": (
        "(select r->>'code' as code, r->>'column' as title, min(r->>'message') as message"
        " from jsonb_array_elements(reasons) r group by 1, 2)"
    ),
    "unresolved": "(select reason as code, '' as title, message)",
}


# Not `*`: the reader's role may see all but the ciphertext of a row.
_COLUMNS = {
    "rejected": (
        "submission_id, row, source_topic, source_partition, source_offset, unit, item, file_name, reasons, rejected_at"
    ),
    "unresolved": "submission_id, row, unit, item, file_name, reason, message, unresolved_at",
}
# Where a message that could not be read is. Whatever waits is of a file.
_MESSAGES = {
    "rejected": (
        "case when source_topic = '' then ''"
        " else source_topic || '/' || source_partition || ' offset ' || source_offset end"
    ),
    "unresolved": "''",
}


def _grouped(table: str, time: str, only: str) -> str:
    return f"""
with chosen as (select {_COLUMNS[table]} from {table} where {only} and {_CHOSEN.format(time=time)}),
counted as (
    select unit, item, count(*) as rows, count(distinct submission_id) as submissions, min({time}) as oldest,
        max({time}) as newest from chosen group by unit, item),
latest as (
    select distinct on (unit, item) unit, item, submission_id, file_name, {_MESSAGES[table]} as message
    from chosen order by unit, item, {time} desc, submission_id, row),
reasons as (
    select unit, item, code, title, min(why.message) as message, count(*) as rows
    from chosen cross join lateral {_REASONS[table]} why group by unit, item, code, title),
commonest as (select distinct on (unit, item) * from reasons order by unit, item, rows desc, code, title)
select c.unit, c.item, c.rows, c.submissions, c.oldest, c.newest, l.submission_id, l.file_name,
    coalesce(m.code, ''), coalesce(m.title, ''), coalesce(m.message, ''), coalesce(m.rows, 0), l.message
from counted c join latest l using (unit, item) left join commonest m using (unit, item)
order by c.rows desc, c.unit, c.item
"""


REJECTED_BY_UNIT = _grouped("rejected", "rejected_at", "true")
WAITING_BY_UNIT = _grouped("unresolved", "unresolved_at", "state = 'WAITING'")
WAITING_ROWS = f"""
select {", ".join(WAITING_COLUMNS)} from unresolved
where state = 'WAITING' and submission_id = %(submission)s order by row limit %(limit)s
"""
