"""``scorecard.v1``: the scorecards of recipients, by which the hub scores for them."""

from catalogue.avro import TIMESTAMP
from catalogue.wire.parts import field, internal_record

RECIPIENT_CARD = internal_record(
    "RecipientCard",
    "a version of a recipient's scorecard",
    field("recipient", "string", "its id"),
    field("card", "string", "the card's id among those of the recipient"),
    field("version", "long", "1…n per recipient and card"),
    field("definition", "string", "JSON: base points, and for each indicator the points of its bins"),
    field("digest", "string", "SHA-256 of the definition, hex"),
    field("is_removed", "boolean", "nothing is scored by it any more"),
    field("published_at", TIMESTAMP),
)
