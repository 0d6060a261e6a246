"""``anchor.v1``: up to where the chains of the hub came at a moment, signed."""

from catalogue.avro import TIMESTAMP
from catalogue.wire.parts import field, internal_record

_HEAD = internal_record(
    "ChainHead",
    "the newest link of one chain",
    field("topic", "string", "audit.v1 or release.v1, without prefix"),
    field("partition", "int"),
    field("number", "long", "of the entry, or of the step"),
    field("digest", "bytes", "of it, and so of all before it"),
)

ANCHOR = internal_record(
    "Anchor",
    "the heads of all chains at a moment; the artefact is what counts, the rest repeats of it what readers sort by",
    field("number", "long", "1…n, without a gap"),
    field("moment", TIMESTAMP),
    field("heads", {"type": "array", "items": _HEAD}, "by topic and partition; a chain that has not begun is left out"),
    field("alg", "string", "by which algorithm the artefact is signed"),
    field("kid", "string", "with which key"),
    field("artefact", "string", "compact JWS over moment, heads and the SHA-256 of the artefact before it"),
)
