"""``proof.v1``: up to where every arrow is proven, what is open there, and what was found."""

from catalogue.avro import TIMESTAMP
from catalogue.wire.parts import field, internal_record

PROVEN = internal_record(
    "Proven",
    "one fact of the proven moment; the newest of its kind and key counts",
    field("kind", "string", "CURSOR, POSITION, SUBJECT, SUBMISSION, BALANCE, AHEAD, DIFFERENCE, FULL_PASS or CHAIN"),
    field("key", "string"),
    field("numbers", {"type": "map", "values": "long"}, "offsets, counts, sequences"),
    field("digests", {"type": "map", "values": "bytes"}, "sums of hashes modulo 2^128"),
    field("text", "string", "what was found, in words"),
    field("at", TIMESTAMP),
)
