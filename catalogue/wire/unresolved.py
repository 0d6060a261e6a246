"""``unresolved.v1``: sound rows whose subject is not yet known."""

from catalogue.avro import TIMESTAMP, optional
from catalogue.wire.parts import field, internal_record

UNRESOLVED = internal_record(
    "Unresolved",
    "a sound row whose subject is not yet known",
    field("submission_id", "string"),
    field("row", "long"),
    field("unit", "string"),
    field("region", "string"),
    field("item", "string"),
    field("file_name", "string"),
    optional("sheet", "string", "工作表"),
    field("state", "string", "WAITING or RESOLVED"),
    field("reason", "string", "stable code: NO_CODE, OLD_CODE, NATURAL_PERSON"),
    field("message", "string", "in Chinese, for the clerk"),
    field("masked", {"type": "map", "values": "string"}),
    field("sealed", "bytes", "the raw row (JSON), AES-256-GCM"),
    field("unresolved_at", TIMESTAMP),
)
