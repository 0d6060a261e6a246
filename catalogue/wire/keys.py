"""``keys.v1``: which keys close and link what the topics hold, and which sign what is signed."""

from catalogue.avro import TIMESTAMP, optional
from catalogue.wire.parts import field, internal_record

KEY_FINGERPRINT = internal_record(
    "KeyFingerprint",
    "one key in use, by its name: the message's key",
    field("fingerprint", "string", "keyed hash of a fixed text, first 128 bits, hex; it tells nothing about the key"),
    field("told_at", TIMESTAMP),
    optional("public_key", "string", "of a key that signs: its public part, JSON (JWK); its fingerprint is RFC 7638's"),
)
