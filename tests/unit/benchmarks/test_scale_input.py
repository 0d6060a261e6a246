"""What the benchmarks send by splicing is what the catalogue's encoder would send."""

from datetime import UTC, datetime
from decimal import Decimal

from benchmarks.push import ITEM
from benchmarks.scale_input import SplicedEvents
from bus.avro.decoding import Decoder
from bus.avro.encoding import EventEncoder
from catalogue import avro
from catalogue.load import load_catalogue
from simulation.people import make_uscc
from tests.unit.sinks.banks.releasing import LocalRegistry

SUBJECT = make_uscc("630102", 1)


def test_a_spliced_event_is_read_as_it_was_meant_to_the_last_byte() -> None:
    registry = LocalRegistry()
    spliced = SplicedEvents(registry)(SUBJECT, 30)
    value = Decoder(registry)(spliced)
    data = value.pop("data")
    assert (data["tax_amount"], data["tax_type"], data["year"]) == (Decimal("1030.78"), "增值税", 2025)
    assert (value["record_key"].partition("|")[0], value["op"], value["subject"]) == ("00000030", "REPORT", SUBJECT)
    assert (value["unread_fields"], value["replaces_set"]) == ([], False)
    assert value["source_time"] < value["reported_at"] <= datetime.now(UTC)
    # Nothing is left over, and nothing of the envelope is missing.
    item = load_catalogue().item(ITEM)
    encode = EventEncoder(registry, avro.topic(item.category), avro.event_schema(item))
    assert spliced == encode(value, data)


def test_the_next_version_of_a_record_says_something_else_and_counts() -> None:
    registry = LocalRegistry()
    event, decode = SplicedEvents(registry), Decoder(registry)
    first, second = (decode(event(SUBJECT, number, number % 24)) for number in (5, 29))
    assert first["record_key"] == second["record_key"]
    assert (first["source_time"], first["as_of"]) == (second["source_time"], second["as_of"])
    assert first["content_hash"] < second["content_hash"]
    assert first["data"] != second["data"]
