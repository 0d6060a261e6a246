"""``consent.v1``: the life of each consent (授权), a signed artefact at every transition."""

from catalogue.avro import TIMESTAMP
from catalogue.wire.parts import field, internal_record

CONSENT = internal_record(
    "Consent",
    "one transition of a consent; the artefact is what counts, the rest repeats of it what readers sort by",
    field("subject", "string", "统一社会信用代码"),
    field("number", "string", "授权书编号"),
    field("version", "long", "1…n per consent, without a gap"),
    field("recipient", "string", "被授权机构"),
    field("act", "string", "what was done"),
    field("state", "string", "what the consent is from here on"),
    field("at", TIMESTAMP),
    field("alg", "string", "by which algorithm the artefact is signed"),
    field("kid", "string", "with which key"),
    field("artefact", "string", "compact JWS over the transition, its terms and the SHA-256 of the artefact before it"),
)
