"""``credit.indicator.v1``: the values of the indicators that are computed from one item of a subject."""

from catalogue.avro import DATE, TIMESTAMP
from catalogue.wire.parts import INDICATOR, field, internal_record

INDICATOR_VALUES = internal_record(
    "IndicatorValues",
    "the indicators of one subject that are computed from one item",
    field("subject", "string"),
    field("item", "string"),
    field("sequence", "long", "the subject's sequence when they became so"),
    field("as_of", DATE),
    field("hash", "string", "over the item and the values; the sum of all of a subject is in its state"),
    field("indicators", {"type": "map", "values": ["null", INDICATOR]}),
    field("changed_at", TIMESTAMP),
)
