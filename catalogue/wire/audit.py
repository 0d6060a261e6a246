"""``audit.v1``: what was asked of the portal and how it answered, a chain of entries."""

from catalogue.avro import TIMESTAMP
from catalogue.wire.parts import field, internal_record

AUDIT_ENTRY = internal_record(
    "AuditEntry",
    "one act of the portal, or many refusals of one kind; it names no person, and holds nothing of what was answered",
    field("number", "long", "1…n, without a gap"),
    field("moment", TIMESTAMP, "when it was answered"),
    field("actor_kind", "string", "OPERATOR, RECIPIENT, ENTERPRISE or HUB; STRANGER: who proved nothing"),
    field("actor", "string", "who of them: 工号, id of a recipient; empty: not known"),
    field("act", "string", "what was asked for"),
    field("subject", "string", "统一社会信用代码; empty: about no enterprise alone"),
    field("purpose", "string", "what it was asked for to be used for, as consents have it; empty: not said"),
    field("consents", {"type": "array", "items": "string"}, "numbers of the consents that it was about or allowed by"),
    field("outcome", "string", "OK, or the code of the refusal"),
    field("count", "long", "how many of the kind; more than 1: refusals that were too many to be written each"),
    field("question", "bytes", "SHA-256 over the receipt's nonce and the question; empty: of many"),
    field("answer", "bytes", "SHA-256 over the receipt's nonce and the answer; empty: of many"),
    field("alg", "string", "of previous and digest: SHA-256"),
    field("previous", "bytes", "digest of the entry before; empty: there was none"),
    field("digest", "bytes", "over this message with an empty digest"),
)
