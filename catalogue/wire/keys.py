"""``keys.v1``: which keys close and link what the topics hold."""

from catalogue.avro import TIMESTAMP
from catalogue.wire.parts import field, internal_record

KEY_FINGERPRINT = internal_record(
    "KeyFingerprint",
    "one key in use, by its name: the message's key",
    field("fingerprint", "string", "keyed hash of a fixed text, first 128 bits, hex; it tells nothing about the key"),
    field("told_at", TIMESTAMP),
)
