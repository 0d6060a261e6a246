"""``list.v1`` and ``list.change.v1``: where an enterprise stands on a list (名单)."""

from catalogue.avro import DATE, TIMESTAMP, Schema, optional
from catalogue.wire.parts import field, internal_record

_MEMBERSHIP: tuple[Schema, ...] = (
    field("subject", "string"),
    field("list", "string"),
    field("sequence", "long", "1…n per subject and list, without a gap"),
    field("as_of", DATE, "the business date at whose end it was decided"),
    field("hash", "string", "over all that follows but the Chinese name and changed_at"),
    field("list_name", "string", "in Chinese"),
    field("basis", "string", "public, or authorised: told to nobody without the enterprise's consent"),
    field("definition_hash", "string", "SHA-256 of the list's definition"),
    field("model", "string", "by whose rating it was decided; empty: there was none"),
    field("status", "string", "MEMBER, WAITING or OUT"),
    field("since", DATE, "the business date on which the status was reached"),
    optional("counted_from", DATE, "the first of the days that count towards entering, or towards leaving a warning"),
    optional("due", DATE, "the business date at whose end the counted days are complete"),
    field("reasons", {"type": "array", "items": "string"}, "codes: why not on a merit, or why on a warning"),
    field("changed_at", TIMESTAMP),
)

LIST = internal_record("ListMembership", "where an enterprise stands on a list", *_MEMBERSHIP)

LIST_CHANGE = internal_record(
    "ListMembershipChange",
    "where an enterprise stands on a list, as it is now",
    *_MEMBERSHIP,
    optional("previous_status", "string", "null: it is the first"),
    optional("previous_basis", "string", "null: it is the first, or the one before does not say its basis"),
)
