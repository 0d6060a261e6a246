"""``calendar.v1``: which business date it is."""

from catalogue.avro import DATE, TIMESTAMP
from catalogue.wire.parts import field, internal_record

BUSINESS_DATE = internal_record(
    "BusinessDate", "a calendar day has begun (Asia/Shanghai)", field("date", DATE), field("said_at", TIMESTAMP)
)
