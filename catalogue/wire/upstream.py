"""What was sent to the upstream platform, and what it answered.

Topics and record types keep the name ``national`` that they were created with.
"""

from catalogue.avro import TIMESTAMP, optional
from catalogue.wire.parts import field, internal_record

UPSTREAM_UP = internal_record(
    "NationalUp",
    "one record sent upstream",
    field("batch_id", "string"),
    field("key", "string", "idempotency key: subject, item, record key, change sequence, and a version of labels"),
    field("profile", "string"),
    field("subject", "string"),
    field("item", "string"),
    field("change_sequence", "long"),
    field("op", "string"),
    field("sent_at", TIMESTAMP),
    optional("policy", "int", "version of the label policy by which it was sent"),
)

UPSTREAM_RECEIPT = internal_record(
    "NationalReceipt",
    "what the upstream platform answered for one record",
    field("batch_id", "string"),
    field("key", "string"),
    field("status", "string", "ACCEPTED or REJECTED"),
    optional("reason", "string", "退回原因"),
    field("received_at", TIMESTAMP),
)
