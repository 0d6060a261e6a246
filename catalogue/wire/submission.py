"""``submission.v1``: how far a push of one table came."""

from dataclasses import dataclass, fields

from catalogue.avro import DATE, TIMESTAMP, optional
from catalogue.wire.parts import field, internal_record


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCounts:
    """What became of the rows of a submission; the meaning of each count stands at its field of the record."""

    rows: int
    accepted: int
    rejected: int
    unresolved: int
    duplicates: int
    conflicts: int
    withdrawn: int


COUNTS = tuple(count.name for count in fields(RowCounts))

_CONFLICT_ROWS = internal_record(
    "ConflictRows",
    "two rows of one record and time that say different things",
    field("row", "long"),
    field("other_row", "long"),
)

SUBMISSION = internal_record(
    "Submission",
    "a push of one table: its file, its counts, how far it came",
    field("submission_id", "string"),
    field("state", "string", "OPEN, COMPLETED or FAILED"),
    field("unit", "string"),
    field("region", "string"),
    field("item", "string"),
    optional("period", "string", "所属期"),
    field("mode", "string", "FULL, SET or INCREMENTAL"),
    optional("data_date", DATE, "数据日期"),
    field("correction", "boolean"),
    field("channel", "string"),
    field("file_name", "string"),
    field("file_sha256", "string"),
    optional("sheet", "string", "工作表"),
    field("rows", "long", "data rows read so far; in all, once COMPLETED"),
    field("accepted", "long", "events in the catalogue topic"),
    field("rejected", "long"),
    field("unresolved", "long"),
    field("duplicates", "long", "rows that repeat another row of the same file to the letter: not sent again"),
    field("conflicts", "long", "rows of equal time and identity but different content; the higher hash wins"),
    field("withdrawn", "long", "events the push derived itself: records that a full file no longer holds"),
    field("next_row", "long", "the first data row not yet sent"),
    field(
        "control_totals",
        {"type": "map", "values": "string"},
        "sum of each money column over the accepted rows, yuan",
    ),
    field("opened_at", TIMESTAMP),
    field("updated_at", TIMESTAMP),
    optional("as_of", TIMESTAMP, "数据时点: of its rows that have none of their own, and of what it withdraws"),
    optional("as_of_from", "string", "DATA_DATE, STAMP, RECEIPT, CORRECTION or READING: who says so"),
    optional("last_as_of", TIMESTAMP, "the latest data time of all its rows"),
    optional("reading", "string", "what a person said of the columns and units of the table, hashed"),
    {
        "name": "rereads",
        "type": "int",
        "default": 0,
        "doc": "how often it was sent before and read otherwise, or mended: so many microseconds later it is",
    },
    {
        "name": "declared_in",
        "type": {"type": "map", "values": "string"},
        "default": {},
        "doc": "where unit, region, mode, period and data date were read: OPTION, TITLE, SHEET, FILE_NAME, FOLDER …",
    },
    {
        "name": "conflict_rows",
        "type": {"type": "array", "items": _CONFLICT_ROWS},
        "default": [],
        "doc": "rows that are equal in all but content, the first pairs of them",
    },
)
