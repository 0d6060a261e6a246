"""``release.policy.v1`` and ``release.snapshot.v1``: by which labels a recipient is told, and since when."""

from catalogue.avro import TIMESTAMP, optional
from catalogue.wire.parts import field, internal_record

LABEL_POLICY = internal_record(
    "LabelPolicy",
    "labels by which recipients are told",
    field("version", "int", "1…n"),
    field("digest", "string", "SHA-256 of the labels, hex"),
    field(
        "labels",
        "string",
        "JSON: the items as far as release reads them, the public indicators, the providers' permissions, the lists",
    ),
    field("published_at", TIMESTAMP),
)

RELEASE_SNAPSHOT = internal_record(
    "ReleaseSnapshot",
    "what counts is told to a recipient at once: when it begins, and when the labels change",
    field("recipient", "string", "bank.<id>"),
    field("number", "int", "1…n per recipient"),
    field("policy", "int", "by which it is told from here on"),
    optional("former_policy", "int", "by which it was told up to here; null: it knew nothing"),
    field("handle_key", "bytes", "makes the recipient's handles of records; the same in all of its snapshots"),
    field(
        "positions", {"type": "map", "values": "long"}, "offsets of credit.change.v1 as of which it is, by partition"
    ),
    field("told_to", {"type": "map", "values": "long"}, "up to which offsets it was told; it is over at the positions"),
    field("written_at", TIMESTAMP),
    {
        "name": "list_positions",
        "type": {"type": "map", "values": "long"},
        "default": {},
        "doc": "offsets of list.change.v1 as of which it is, by partition; none: lists were told to nobody then",
    },
    {
        "name": "list_told_to",
        "type": {"type": "map", "values": "long"},
        "default": {},
        "doc": "up to which of these it was told",
    },
)
