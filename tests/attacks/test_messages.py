"""Whoever may write into a topic, or registers a schema: what he sends is set aside, and harms no reader."""

import io
import json
import time
from typing import Any

import fastavro
import pytest
from confluent_kafka.schema_registry import Schema as RegistrySchema

from bus import clients
from bus.avro import writer
from bus.avro.decoding import Decoder, reader_of
from bus.avro.registry import Registry
from bus.avro.wire_format import head
from bus.config import BusConfig
from catalogue.avro import event_schema
from catalogue.errors import PoisonMessage
from catalogue.load import load_catalogue
from tests.builders.events import event_value

EVENT = event_schema(load_catalogue().item("administration.penalty"))
HUGE = 1 << 62
SOON_S = 5
UNREADABLE = (b"", b"\x00", b"\x00\xff\xff\xff\xff", head(0), head(7) + b"x" * 100, b"{}", b"\x01" * 9)
NODE = {"type": "record", "name": "Node", "fields": [{"name": "next", "type": ["null", "Node"]}]}
NOTHING = {"type": "record", "name": "Nothing", "fields": [{"name": "n", "type": "null"}]}


def with_array(items: Any) -> Any:
    fields = [{"name": "d", "type": "double"}, {"name": "many", "type": {"type": "array", "items": items}}]
    return {"type": "record", "name": "R", "fields": fields}


HARMFUL = {
    "a record inside itself, whose reader's stack ends": (json.dumps(NODE), b"\x02" * 200_000 + b"\x00"),
    "as many nulls as are announced": (json.dumps(with_array("null")), bytes(8) + writer.long(HUGE) + b"\x00"),
    "as many empty records": (json.dumps(with_array(NOTHING)), bytes(8) + writer.long(HUGE) + b"\x00"),
    "no record": ('"string"', b"\x02a"),
    "an enumeration": ('{"type": "enum", "name": "E", "symbols": ["a"]}', b"\x00"),
    "Protobuf": ('syntax = "proto3"; message A {}', b"\x00"),
    "JSON Schema": ('{"type": "object"}', b"\x00"),
    "a type of another subject": (json.dumps(with_array("his.Type")), b"\x00"),
    "brackets without end": ("[" * 200_000, b"\x00"),
    "a number": ("5", b"\x00"),
    "nothing": ("", b"\x00"),
}


class Known(Registry):
    """Knows some schemas, and asks nobody."""

    def __init__(self, *schemas: Any) -> None:
        self._config = BusConfig("", "")
        self._known = {number: fastavro.parse_schema(schema) for number, schema in enumerate(schemas, start=1)}

    def schema(self, schema_id: int) -> Any:
        """Return a schema; PoisonMessage for one that is not known, as the registry's client raises it."""
        if schema_id not in self._known:
            raise PoisonMessage(f"The registry knows no schema {schema_id}.")
        return self._known[schema_id]


def sound() -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(EVENT), event_value())
    return head(1) + out.getvalue()


def refused(decode: Decoder, message: bytes) -> None:
    began = time.monotonic()
    for read in (decode, decode.envelope, decode.record):
        with pytest.raises(PoisonMessage):
            read(message)
    assert time.monotonic() - began < SOON_S


@pytest.mark.attack(by="whoever writes into a topic", wants="a reader to end over an id that names no schema of ours")
@pytest.mark.parametrize("message", UNREADABLE)
def test_an_id_of_no_schema_is_set_aside(message: bytes) -> None:
    refused(Decoder(Known(EVENT)), message)


@pytest.mark.attack(by="whoever writes into a topic", wants="a reader's memory, by a length that is huge or negative")
@pytest.mark.parametrize("length", [HUGE, 1 << 40, 1 << 31, -1, -HUGE])
def test_a_length_that_lies_is_set_aside(length: int) -> None:
    assert Decoder(Known(EVENT))(sound())["subject"]
    refused(Decoder(Known(EVENT)), head(1) + writer.long(length) + b"x" * 50)
    refused(Decoder(Known(EVENT)), head(1) + b"\xff" * 5000)


@pytest.mark.attack(by="whoever registers a schema", wants="a reader's memory and time, by a list of nulls without end")
@pytest.mark.parametrize("count", [HUGE, 1 << 33, -(1 << 33)])
@pytest.mark.parametrize("items", ["null", {"type": "record", "name": "Nothing", "fields": []}])
def test_a_list_of_nothing_is_not_read_without_end(count: int, items: Any) -> None:
    read = reader_of({"type": "array", "items": items})
    size = writer.long(8) if count < 0 else b""
    began = time.monotonic()
    with pytest.raises(EOFError):
        read(writer.long(count) + size + b"\x00", 0)
    assert time.monotonic() - began < SOON_S


@pytest.mark.attack(by="whoever registers a schema", wants="his message merged as an event, under a schema of his own")
def test_a_schema_of_another_shape_is_no_event() -> None:
    his = {**EVENT, "fields": [{"name": "first", "type": "string"}, *EVENT["fields"]]}
    with pytest.raises(PoisonMessage, match="does not begin with the envelope"):
        Decoder(Known(his)).envelope(head(1) + b"\x02a" + sound()[5:])
    # Nor with the fields in another order, which would make the unit the subject.
    fields = list(EVENT["fields"])
    names = [field["name"] for field in fields]
    one, other = names.index("unit"), names.index("subject")
    fields[one], fields[other] = fields[other], fields[one]
    with pytest.raises(PoisonMessage, match="does not begin with the envelope"):
        Decoder(Known({**EVENT, "fields": fields})).envelope(sound())


@pytest.mark.attack(
    by="whoever registers a schema and writes into a topic", wants="every reader of it to end, for ever"
)
@pytest.mark.parametrize("case", HARMFUL)
def test_a_schema_that_is_meant_to_harm_is_not_read(monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    text, body = HARMFUL[case]
    asked: list[int] = []

    class Client:
        """A registry that has his schema."""

        def get_schema(self, schema_id: int) -> RegistrySchema:
            asked.append(schema_id)
            return RegistrySchema(text, "AVRO")

    monkeypatch.setattr(clients, "registry_client", lambda config: Client())
    decode = Decoder(Registry(BusConfig("", ""), complete=True))
    for _ in range(3):
        refused(decode, head(1) + body)
    assert asked == [1]
