"""``credit.change.v1``: what one batch changed of one subject."""

from catalogue.avro import DATE, ENVELOPE, TIMESTAMP, optional
from catalogue.wire.parts import INDICATOR, field, internal_record

_RECORD_CHANGE = internal_record(
    "RecordChange",
    "one record before and after",
    *ENVELOPE,
    field("live", "boolean", "whether the record counts now"),
    field("schema_id", "int"),
    field("payload", "bytes"),
    field("was_live", "boolean", "whether it counted before"),
    optional("previous_schema_id", "int", ""),
    optional("previous_payload", "bytes", ""),
)

_INDICATOR_CHANGE = internal_record(
    "IndicatorChange",
    "one indicator before and after; null: not computable",
    field("id", "string"),
    optional("previous", INDICATOR, ""),
    optional("current", INDICATOR, ""),
)

CHANGE = internal_record(
    "Change",
    "what one batch changed of one subject",
    field("subject", "string"),
    optional("subject_name", "string", "主体名称"),
    field("sequence", "long", "1…n per subject, without a gap"),
    field("as_of", DATE, "business date of the indicators, Asia/Shanghai"),
    field("changed_at", TIMESTAMP),
    field("records", {"type": "array", "items": _RECORD_CHANGE}),
    field("indicators", {"type": "array", "items": _INDICATOR_CHANGE}),
)
