"""``reference.v1``: how the scores of the enterprises are spread, month by month; percentiles are looked up in it."""

from catalogue.avro import DATE, TIMESTAMP
from catalogue.wire.parts import field, internal_record

_CELL = internal_record(
    "ReferenceCell",
    "the enterprises of one sector and size, or of a wider circle: at least 30",
    field("sector", "string", "门类 by GB/T 4754, A to T; empty: all"),
    field("size", "string", "企业规模: 大型, 中型, 小型, 微型 or 未划型; empty: all"),
    field("enterprises", "int"),
    field(
        "quantiles",
        {"type": "array", "items": "int"},
        "for each percent from 1 to 99 the least score that so many have, or less",
    ),
)

_READ_UP_TO = internal_record(
    "ReferencePosition",
    "up to where a topic partition was read",
    field("topic", "string", "without prefix"),
    field("partition", "int"),
    field("next_offset", "long"),
)

RATING_REFERENCE = internal_record(
    "RatingReference",
    "how the scores by one version of a model were spread at the end of a day",
    field("model", "string"),
    field("model_hash", "string", "SHA-256 of the model's content"),
    field("basis", "string", "public: sectors and sizes of published data alone; or authorised"),
    field("since", DATE, "from this day on it is looked up, until the next one"),
    field("as_of", DATE, "the business date at whose end ratings and sizes stood so"),
    field("placing", "string", "SHA-256 of the tables and labels by which sectors and sizes were decided"),
    field("rated", "int", "the enterprises that were counted, those of no cell included"),
    field("hash", "string", "over all of the above, and the cells"),
    field("cells", {"type": "array", "items": _CELL}),
    field("positions", {"type": "array", "items": _READ_UP_TO}),
    field("made_at", TIMESTAMP),
)
