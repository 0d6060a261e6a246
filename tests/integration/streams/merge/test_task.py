"""What the merge cannot read goes to rejected.v1 with its reason, and stops nothing."""

import random
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from confluent_kafka import Producer

import bus.clients
from bus import clients, topics
from bus.avro.decoding import Decoder
from bus.avro.encoding import Encoder
from bus.avro.registry import Registry
from bus.business_date import publish_business_date
from bus.config import BusConfig
from bus.crypto.cipher import bound
from catalogue.avro import event_schema
from catalogue.load import load_catalogue
from processing.dead_letters import POISON_CONTEXT
from rules.indicators.definitions import load_indicators
from tests.integration.streams.penalties import (
    CIPHER,
    DAY,
    LATER,
    PENALTIES,
    all_of,
    hashes,
    latest,
    merged,
    penalties,
    within_a_year,
)


@pytest.mark.attack(
    by="whoever writes into a topic", wants="the merge to stop at a message that is too large to be set aside"
)
def test_a_large_message_that_cannot_be_read_is_set_aside(config: BusConfig, tmp_path: Path) -> None:
    raw = b"\x01" + random.Random(7).randbytes(9_000_000)
    assert merged(config, tmp_path, [[raw]])["rejected"] == 1
    (rejected,) = all_of(config, topics.REJECTED)
    assert CIPHER.open(rejected["sealed"], POISON_CONTEXT, bound(PENALTIES, "0", "0")) == raw


@pytest.mark.attack(by="whoever writes into a topic", wants="the merge to stop at a message that cannot be read")
def test_an_unreadable_message_is_set_aside_with_its_place(config: BusConfig, tmp_path: Path) -> None:
    values = list(penalties(config, 5))
    counts = merged(config, tmp_path, [[values[0], b"\x01nonsense", values[1][:40], *values[1:]]])
    assert counts["rejected"] == 2
    rejected = all_of(config, topics.REJECTED)
    assert [(r["source_topic"], r["source_offset"]) for r in rejected] == [(PENALTIES, 1), (PENALTIES, 2)]
    assert CIPHER.open(rejected[0]["sealed"], POISON_CONTEXT, bound(PENALTIES, "0", "1")) == b"\x01nonsense"


def test_what_tells_no_day_is_set_aside_and_stops_nobody(config: BusConfig, tmp_path: Path) -> None:
    publish_business_date(config, DAY.date())
    (value, *_) = penalties(config, 1)
    producer = clients.producer(config)
    for unreadable in (b"\x01nonsense", None, value):
        producer.produce(config.topic(topics.CALENDAR), unreadable, None, 0)
    assert producer.flush(30) == 0
    merged(config, tmp_path / "ours", [list(penalties(config, 30))])
    assert len(all_of(config, topics.REJECTED)) == 3
    merged(config, tmp_path / "emptied", [], (LATER,))
    assert within_a_year(config) == {Decimal(0)}


def test_a_message_without_a_value_is_set_aside(config: BusConfig, tmp_path: Path) -> None:
    values: list[bytes | None] = [*penalties(config, 5)]
    counts = merged(config, tmp_path, [[values[0], None, *values[1:]]], (DAY.date(),))  # type: ignore[list-item]
    assert counts["rejected"] == 1
    assert sum(counts.values()) == 6


def test_values_of_another_kind_are_set_aside(config: BusConfig, tmp_path: Path) -> None:
    schema = event_schema(load_catalogue().item("administration.penalty"))
    null, data = schema["fields"][-1]["type"]
    fields = [f | {"type": ["null", "string"]} if f["name"] == "fine_amount" else f for f in data["fields"]]
    other = schema | {"fields": [*schema["fields"][:-1], {"name": "data", "type": [null, data | {"fields": fields}]}]}
    with closing(Registry(config)) as registry:
        values = list(penalties(config, 10))
        event = Decoder(registry)(values[4])
        encode = Encoder(registry, f"{PENALTIES}.other", other)
        values[4] = encode(event | {"data": event["data"] | {"fine_amount": "much"}})
    counts = merged(config, tmp_path, [values], (DAY.date(),))
    assert counts["rejected"] == 1
    assert sum(counts.values()) == 10


def test_an_unreadable_record_of_an_item_that_is_rated_since_stops_nothing(config: BusConfig, tmp_path: Path) -> None:
    values = list(penalties(config, 10))
    others = [i for i in load_indicators() if "administration.penalty" not in i.items]
    merged(config, tmp_path, [[*values[:5], values[5][:-3], *values[6:]]], (DAY.date(),), others)
    merged(config, tmp_path, [], (DAY.date() + timedelta(days=1),))
    assert sum(state["indicators"]["penalties_12m"] for state in latest(config).values()) == 9


class Once(Producer):  # type: ignore[misc]
    """A producer that begins nothing after an abort."""

    aborted = False

    def begin_transaction(self) -> None:
        assert not self.aborted
        super().begin_transaction()

    def abort_transaction(self, *timeout_s: float) -> None:
        self.aborted = True
        super().abort_transaction(*timeout_s)


def test_a_payload_that_ends_too_soon_is_set_aside_and_stops_nothing(
    config: BusConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus.clients, "Producer", Once)
    values = list(penalties(config, 10))
    counts = merged(config, tmp_path, [[*values[:5], values[5][:-3], *values[6:]]], (DAY.date(),))
    assert counts["rejected"] == 1
    assert sum(counts.values()) == 10
    (rejected,) = all_of(config, topics.REJECTED)
    assert rejected["reasons"][0]["code"] == "UNREADABLE"
    held = hashes(config)
    merged(config, tmp_path, [[*values[:5], *values[6:]]])
    assert hashes(config) == held
