"""``outcome.v1``: what recipients send back, of applications, and of what they had by a consent that ended."""

from catalogue.avro import TIMESTAMP
from catalogue.wire.parts import field, internal_record

RETURNED = internal_record(
    "Returned",
    "one entry of a batch that a recipient sent; a batch is there as a whole or not at all",
    field("subject", "string", "统一社会信用代码"),
    field("consent", "string", "授权书编号"),
    field("recipient", "string", "who sent it: the recipient of the consent"),
    field("kind", "string", "OUTCOME or DELETION"),
    field("batch", "string", "the sender's number of the batch; unique by recipient and kind"),
    field("entry", "int", "place in the batch, from 1 on"),
    field("digest", "string", "keyed hash of the whole batch, hex: the same batch again is known by it"),
    field("received_at", TIMESTAMP),
    field("sealed", "bytes", "what it says, encrypted and bound to every field before but received_at"),
)
