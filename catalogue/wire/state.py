"""``credit.state.v1``: what the hub knows of each subject."""

from catalogue.avro import DATE, TIMESTAMP, optional
from catalogue.wire.parts import field, internal_record

_NAMED_BY = internal_record(
    "NamedBy",
    "the stamp of the event that a subject is called by",
    field("registered", "boolean", "whether it is the registration, which is above all others"),
    field("source_time", TIMESTAMP),
    field("revision", "int"),
    field("content_hash", "string"),
    {"name": "as_of", "type": TIMESTAMP, "default": 0, "doc": "数据时点"},
)

STATE = internal_record(
    "State",
    "what the hub knows of one subject, bounded",
    field("subject", "string"),
    optional("subject_name", "string", "主体名称"),
    field("sequence", "long"),
    field("as_of", DATE),
    field(
        "hash",
        "string",
        "over the winning records and the indicators; without sequence, times and ciphertext",
    ),
    field("counts", {"type": "map", "values": "long"}, "live records per item"),
    field("records_digest", "string", "order-independent digest of all winning records"),
    field("changed_at", TIMESTAMP),
    optional("named_by", _NAMED_BY, "what gave the subject its name; a higher one takes its place"),
    {
        "name": "digest_rule",
        "type": "int",
        "default": 1,
        "doc": "by which rule digest and hash were computed: 1 with the versions, 2 by content and whether it counts, "
        "3 when the law ends records, 4 with the indicators' digest",
    },
    {
        "name": "indicators_digest",
        "type": "string",
        "default": "",
        "doc": "the sum of the hashes of all indicator values of the subject (credit.indicator.v1), modulo 2^128",
    },
)
