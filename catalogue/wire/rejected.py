"""``rejected.v1``: rows and messages that were not taken, each with every reason."""

from catalogue.avro import TIMESTAMP, optional
from catalogue.wire.parts import field, internal_record

_REASON = internal_record(
    "Reason",
    "one reason why a row was not taken",
    field("field", "string", "field name, empty for the whole row"),
    field("column", "string", "the column as the file calls it"),
    field("code", "string", "stable code of the reason, for counting"),
    field("message", "string", "in Chinese, for the clerk"),
    field("remedy", "string", "how to mend it, in Chinese"),
)

REJECTED = internal_record(
    "Rejected",
    "a row or message that was not taken, with every reason",
    field("submission_id", "string"),
    field("row", "long"),
    field("unit", "string"),
    field("region", "string"),
    field("item", "string"),
    field("file_name", "string"),
    optional("sheet", "string", "工作表"),
    field("reasons", {"type": "array", "items": _REASON}),
    field(
        "masked",
        {"type": "map", "values": "string"},
        "by the row's columns: its enterprise and what is understood and public, all else masked",
    ),
    field("sealed", "bytes", "the raw row (JSON) or message, AES-256-GCM"),
    optional("source_topic", "string", "for a poison message"),
    optional("source_partition", "int", ""),
    optional("source_offset", "long", ""),
    field("replay_count", "int"),
    field("rejected_at", TIMESTAMP),
)
