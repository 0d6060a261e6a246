"""``credit.record.v1`` and ``person.record.v1``: the winning version of each record."""

from catalogue.avro import ENVELOPE
from catalogue.wire.parts import field, internal_record

RECORD = internal_record(
    "Record",
    "the winning version of one record; the changelog of the store",
    *ENVELOPE,
    field("schema_id", "int", "of the event that carried it"),
    field("payload", "bytes", "the event's `data` as it was encoded, union branch first"),
)
