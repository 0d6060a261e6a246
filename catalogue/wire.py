"""Avro schemas of the hub's own topics: what happens to a report on its way.

Kept beside the catalogue because every stage speaks them; the same command writes them to
``schemas/avro/internal``.
"""

from catalogue.avro import DATE, ENVELOPE, TIMESTAMP, Schema, optional

NAMESPACE = "credithub.internal"
# Indicators, counts included: six decimals, one documented rounding (half even) of ratios.
INDICATOR: Schema = {"type": "bytes", "logicalType": "decimal", "precision": 38, "scale": 6}


def _f(name: str, kind: object, doc: str = "") -> Schema:
    return {"name": name, "type": kind, "doc": doc} if doc else {"name": name, "type": kind}


def _record(name: str, doc: str, *fields: Schema) -> Schema:
    return {"type": "record", "name": name, "namespace": NAMESPACE, "doc": doc, "fields": list(fields)}


SUBMISSION = _record(
    "Submission",
    "a push of one table: its file, its counts, how far it came",
    _f("submission_id", "string"),
    _f("state", "string", "OPEN, COMPLETED or FAILED"),
    _f("unit", "string"),
    _f("region", "string"),
    _f("item", "string"),
    optional("period", "string", "所属期"),
    _f("mode", "string", "FULL, SET or INCREMENTAL"),
    optional("data_date", DATE, "数据日期"),
    _f("correction", "boolean"),
    _f("channel", "string"),
    _f("file_name", "string"),
    _f("file_sha256", "string"),
    optional("sheet", "string", "工作表"),
    _f("rows", "long", "data rows read so far; in all, once COMPLETED"),
    _f("accepted", "long", "events in the catalogue topic"),
    _f("rejected", "long"),
    _f("unresolved", "long"),
    _f("duplicates", "long", "rows that repeat another row of the same file to the letter: not sent again"),
    _f("conflicts", "long", "rows of equal time and identity but different content; the higher hash wins"),
    _f("withdrawn", "long", "events the push derived itself: records that a full file no longer holds"),
    _f("next_row", "long", "the first data row not yet sent"),
    _f(
        "control_totals",
        {"type": "map", "values": "string"},
        "sum of each money column over the accepted rows, yuan",
    ),
    _f("opened_at", TIMESTAMP),
    _f("updated_at", TIMESTAMP),
)

_REASON = _record(
    "Reason",
    "one reason why a row was not taken",
    _f("field", "string", "field name, empty for the whole row"),
    _f("column", "string", "the column as the file calls it"),
    _f("code", "string", "stable code of the reason, for counting"),
    _f("message", "string", "in Chinese, for the clerk"),
    _f("remedy", "string", "how to mend it, in Chinese"),
)

REJECTED = _record(
    "Rejected",
    "a row or message that was not taken, with every reason",
    _f("submission_id", "string"),
    _f("row", "long"),
    _f("unit", "string"),
    _f("region", "string"),
    _f("item", "string"),
    _f("file_name", "string"),
    optional("sheet", "string", "工作表"),
    _f("reasons", {"type": "array", "items": _REASON}),
    _f(
        "masked",
        {"type": "map", "values": "string"},
        "the row by its columns, consent and personal values masked",
    ),
    _f("sealed", "bytes", "the raw row (JSON) or message, AES-256-GCM"),
    optional("source_topic", "string", "for a poison message"),
    optional("source_partition", "int", ""),
    optional("source_offset", "long", ""),
    _f("replay_count", "int"),
    _f("rejected_at", TIMESTAMP),
)

UNRESOLVED = _record(
    "Unresolved",
    "a sound row whose subject is not yet known",
    _f("submission_id", "string"),
    _f("row", "long"),
    _f("unit", "string"),
    _f("region", "string"),
    _f("item", "string"),
    _f("file_name", "string"),
    optional("sheet", "string", "工作表"),
    _f("state", "string", "WAITING or RESOLVED"),
    _f("reason", "string", "stable code: NO_CODE, OLD_CODE, NATURAL_PERSON"),
    _f("message", "string", "in Chinese, for the clerk"),
    _f("masked", {"type": "map", "values": "string"}),
    _f("sealed", "bytes", "the raw row (JSON), AES-256-GCM"),
    _f("unresolved_at", TIMESTAMP),
)

RECORD = _record(
    "Record",
    "the winning version of one record; the changelog of the store",
    *ENVELOPE,
    _f("schema_id", "int", "of the event that carried it"),
    _f("payload", "bytes", "the event's `data` as it was encoded, union branch first"),
)

_RECORD_CHANGE = _record(
    "RecordChange",
    "one record before and after",
    *ENVELOPE,
    _f("live", "boolean", "whether the record counts now"),
    _f("schema_id", "int"),
    _f("payload", "bytes"),
    _f("was_live", "boolean", "whether it counted before"),
    optional("previous_schema_id", "int", ""),
    optional("previous_payload", "bytes", ""),
)

_INDICATOR_CHANGE = _record(
    "IndicatorChange",
    "one indicator before and after; null: not computable",
    _f("id", "string"),
    optional("previous", INDICATOR, ""),
    optional("current", INDICATOR, ""),
)

CHANGE = _record(
    "Change",
    "what one batch changed of one subject",
    _f("subject", "string"),
    optional("subject_name", "string", "主体名称"),
    _f("sequence", "long", "1…n per subject, without a gap"),
    _f("as_of", DATE, "business date of the indicators, Asia/Shanghai"),
    _f("changed_at", TIMESTAMP),
    _f("records", {"type": "array", "items": _RECORD_CHANGE}),
    _f("indicators", {"type": "array", "items": _INDICATOR_CHANGE}),
)

_NAMED_BY = _record(
    "NamedBy",
    "the stamp of the event that a subject is called by",
    _f("registered", "boolean", "whether it is the registration, which is above all others"),
    _f("source_time", TIMESTAMP),
    _f("revision", "int"),
    _f("content_hash", "string"),
)

STATE = _record(
    "State",
    "what the hub knows of one subject, bounded",
    _f("subject", "string"),
    optional("subject_name", "string", "主体名称"),
    _f("sequence", "long"),
    _f("as_of", DATE),
    _f(
        "hash",
        "string",
        "over the winning records and the indicators; without sequence, times and ciphertext",
    ),
    _f("indicators", {"type": "map", "values": ["null", INDICATOR]}),
    _f("counts", {"type": "map", "values": "long"}, "live records per item"),
    _f("records_digest", "string", "order-independent digest of all winning records"),
    _f("changed_at", TIMESTAMP),
    optional("named_by", _NAMED_BY, "what gave the subject its name; a higher one takes its place"),
)

POSITION = _record(
    "Position",
    "how far the merge came in one partition of one input, and what became of its events",
    _f("topic", "string"),
    _f("partition", "int"),
    _f("next_offset", "long"),
    _f("merged", "long"),
    _f("duplicate", "long"),
    _f("superseded", "long"),
    _f("rejected", "long"),
)

BUSINESS_DATE = _record(
    "BusinessDate", "a calendar day has begun (Asia/Shanghai)", _f("date", DATE), _f("said_at", TIMESTAMP)
)

BANK_SEQUENCE = _record(
    "BankSequence",
    "the last sequence that a bank was given of a subject",
    _f("bank", "string"),
    _f("subject", "string"),
    _f("sequence", "long"),
)

BANK_INDICATORS = {
    "type": "record",
    "name": "Indicators",
    "namespace": "credithub.bank",
    "doc": "rolling indicators of a subject that rest on public data alone",
    "fields": [
        _f("subject", "string", "统一社会信用代码"),
        optional("subject_name", "string", "主体名称"),
        _f("sequence", "long", "1…n per subject in this topic, without a gap"),
        _f("as_of", DATE, "指标计算日期"),
        _f("emitted_at", TIMESTAMP, "发布时间"),
        _f("indicators", {"type": "map", "values": ["null", INDICATOR]}, "指标"),
    ],
}

NATIONAL_UP = _record(
    "NationalUp",
    "one record sent upstream",
    _f("batch_id", "string"),
    _f("key", "string", "idempotency key: subject, item, record key, change sequence"),
    _f("profile", "string"),
    _f("subject", "string"),
    _f("item", "string"),
    _f("change_sequence", "long"),
    _f("op", "string"),
    _f("sent_at", TIMESTAMP),
)

NATIONAL_RECEIPT = _record(
    "NationalReceipt",
    "what the upstream platform answered for one record",
    _f("batch_id", "string"),
    _f("key", "string"),
    _f("status", "string", "ACCEPTED or REJECTED"),
    optional("reason", "string", "退回原因"),
    _f("received_at", TIMESTAMP),
)

# Which record types a topic of the hub's own carries, each bank's apart; subject naming is TopicRecordName everywhere.
INTERNAL: dict[str, tuple[Schema, ...]] = {
    "submission.v1": (SUBMISSION,),
    "rejected.v1": (REJECTED,),
    "unresolved.v1": (UNRESOLVED,),
    "credit.record.v1": (RECORD,),
    "person.record.v1": (RECORD,),
    "credit.change.v1": (CHANGE,),
    "credit.state.v1": (STATE,),
    "stream.position.v1": (POSITION,),
    "calendar.v1": (BUSINESS_DATE,),
    "national.up.v1": (NATIONAL_UP,),
    "national.receipt.v1": (NATIONAL_RECEIPT,),
}


def internal_schemas() -> dict[str, Schema]:
    """Return the hub's own schemas by their path below ``schemas/avro``."""
    found = {f"internal/{s['name']}.avsc": s for schemas in INTERNAL.values() for s in schemas}
    found |= {"internal/BankSequence.avsc": BANK_SEQUENCE, "bank/Indicators.avsc": BANK_INDICATORS}
    return found
