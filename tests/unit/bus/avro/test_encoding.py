"""Events that are encoded in two parts are the messages that fastavro makes of the whole."""

import io
from datetime import date
from decimal import Decimal
from typing import Any

import fastavro
import pytest

from bus.avro.encoding import EventEncoder
from bus.avro.registry import OfflineRegistry
from bus.config import BusConfig
from catalogue.avro import event_schema, topic
from catalogue.load import load_catalogue
from tests.builders.events import envelope

ENVELOPE = envelope(record_key="一", row=7)._asdict()


@pytest.mark.parametrize(
    "data", [None, {}, {"document_number": "文号", "fine_amount": Decimal("12.50"), "decision_date": date(2026, 1, 2)}]
)
def test_an_event_is_what_fastavro_writes(data: dict[str, Any] | None) -> None:
    item = load_catalogue().item("administration.penalty")
    schema = event_schema(item)
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema), {**ENVELOPE, "data": data})
    encode = EventEncoder(OfflineRegistry(BusConfig("", "")), topic(item.category), schema)
    assert encode(ENVELOPE, data) == b"\x00\x00\x00\x00\x00" + out.getvalue()
