"""What is released: by which labels (``release.policy.v1``), what each step told whom (``release.v1``), and up to where
(``release.sequence.v1``); for the platform above, since when (``release.snapshot.v1``).
"""

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
        "JSON: the items as far as release reads them, the public indicators, the providers' permissions",
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
)

_OPENING = internal_record(
    "ReleaseOpening",
    "an item that consents open",
    field("item", "string"),
    field("access", "string", "STORED or STREAMED"),
    field("consents", {"type": "array", "items": "string"}, "their numbers, sorted"),
    field("as_of", "long", "of STORED, the offset of the changes as of which it was told; 0 of STREAMED"),
)

_ENTITLEMENT = internal_record(
    "Entitlement",
    "what a recipient may see of a subject",
    field("policy", "int", "version of the label policy; 0: it was told nothing"),
    field("is_subscribed", "boolean"),
    field("categories", {"type": "array", "items": "string"}, "those that it takes; empty: all"),
    field("openings", {"type": "array", "items": _OPENING}),
)

_SHA256 = {"type": "fixed", "name": "Sha256", "namespace": "credithub.internal", "size": 32}

_RELEASED_MESSAGE = internal_record(
    "ReleasedMessage",
    "a message of a recipient's topic",
    field("recipient", "string"),
    field("sequence", "long", "of the subject in the recipient's topic"),
    field("handle", "string", "what the recipient knows the record by; empty: it is about no record"),
    {
        **field("consents", {"type": "array", "items": "string"}, "by which the item is open to the recipient"),
        "default": [],
    },
    field("hash", _SHA256, "SHA-256 of the message"),
)

RELEASE_ENTRY = internal_record(
    "ReleaseEntry",
    "messages that say the same to recipients, but for the consents by which they are told",
    field("step", "long", "number of the step that told it"),
    field("subject", "string"),
    field("item", "string", "id of the item; empty: it is about no record"),
    field("op", "string", "REPORT or WITHDRAW of a record; SCOPE, INDICATORS"),
    field("reason", "string", "why the record, or less of it, is seen no more; empty: it is seen"),
    field("policy", "int", "version of the label policy by which it was made"),
    field("messages", {"type": "array", "items": _RELEASED_MESSAGE}),
)

RELEASE_STEP = internal_record(
    "ReleaseStep",
    "ends what one transaction told in a partition: the entries before it, back to the step before",
    field("number", "long", "1…n per partition"),
    field("policy", "int", "version of the label policy that counted"),
    field("moment", TIMESTAMP, "as of which consents were in force"),
    field("before", {"type": "map", "values": "long"}, "up to which offsets of its inputs the step before it came"),
    field("after", {"type": "map", "values": "long"}, "up to which offsets of its inputs it came"),
    field("entries", "long"),
    field("is_settled", "boolean", "whether everybody was told what he may see, and nothing else"),
    field("previous", "bytes", "digest of the step before; empty: there was none"),
    field("digest", "bytes", "SHA-256 over its entries and this message with an empty digest"),
)

_TOLD = internal_record(
    "ToldSegment",
    "up to a record of the subject, by the order of the store",
    field("upto", "string", "item and record key with a NUL between; empty: to the end"),
    field("entitlement", "int", "place in entitlements"),
)

_MARK = internal_record(
    "ReleaseMark",
    "one recipient",
    field("recipient", "string"),
    field("sequence", "long", "of its last message about the subject"),
    field("told", {"type": "array", "items": _TOLD}, "one, but while a snapshot is told"),
)

RELEASE_MARKS = internal_record(
    "ReleaseMarks",
    "up to where each recipient was told of a subject",
    field("subject", "string"),
    field("entitlements", {"type": "array", "items": _ENTITLEMENT}, "each once"),
    field("recipients", {"type": "array", "items": _MARK}),
)
