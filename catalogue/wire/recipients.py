"""``recipient.v1``: who is told what. What is said of a recipient lies in every partition, as the calendar's dates do;
what is said of one enterprise lies in its partition alone.
"""

from catalogue.avro import TIMESTAMP
from catalogue.wire.parts import field, internal_record

RECIPIENT = internal_record(
    "Recipient",
    "a version of a recipient's definition",
    field("recipient", "string", "its id"),
    field("version", "long", "1…n per recipient"),
    field("definition", "string", "JSON: kind, categories, portfolio"),
    field("digest", "string", "SHA-256 of the definition, hex"),
    field("handle_key", "bytes", "makes the recipient's handles of records; the same in all of its versions"),
    field("is_removed", "boolean", "it is a recipient no more: what it was told is withdrawn"),
    field("published_at", TIMESTAMP),
)

PORTFOLIO_ENTRY = internal_record(
    "PortfolioEntry",
    "what an operator said of a recipient and an enterprise",
    field("recipient", "string", "its id"),
    field("subject", "string", "统一社会信用代码"),
    field("version", "long", "1…n per recipient and subject"),
    field("is_in", "boolean", "whether the recipient's list has the enterprise from here on"),
    field("is_resend", "boolean", "everything that the recipient may know of the enterprise is told anew"),
    field("said_at", TIMESTAMP),
)

TOPIC_LOSS = internal_record(
    "TopicLoss",
    "an operator declares that a recipient's topic lost messages for good; the newest of a recipient counts",
    field("recipient", "string", "its id"),
    field("version", "long", "1…n per recipient"),
    field("before", {"type": "map", "values": "long"}, "by partition: of what release.v1 says before this offset"),
    field("missing", {"type": "map", "values": "long"}, "by partition: how many messages its topic does not have"),
    field("reason", "string", "why, in the operator's words"),
    field("said_at", TIMESTAMP),
)
