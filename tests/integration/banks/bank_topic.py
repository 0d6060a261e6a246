"""A bank's topic for the example clients: what the release published, and what others began and aborted."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from confluent_kafka import Message, TopicPartition

from bus import clients, topics
from bus.avro.encoding import Encoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from catalogue import wire
from catalogue.avro import Schema, bank_schema
from rules.release.consent.lifecycle import Act
from rules.release.labels import labels_of
from rules.release.permissions import load_permissions
from tests.builders.changes import CATALOGUE, MOMENT, Streams
from tests.integration.sinks.banks.releasing import Office, release, release_topics, terms_now
from tests.kafka import messages

BANK = "yinhe"
# Another bank, whose topic this one may not read.
OTHER = "qinghe"
TOPIC = topics.bank_topic(BANK)
A, B = "91630100MA7540001X", "91630100MA7540002Y"
PENALTY = "administration.penalty"
SUPPORT = "administration.support_fund"
# Needs the enterprise's consent.
TAX = "tax.payment"
_LABELS = labels_of(CATALOGUE.items, {"fines_36m", "penalties_12m"}, load_permissions())

FINED = {
    "subject_name": "青海虚构样例有限公司",
    "penalty_decision_number": "（虚构）宁市监罚〔2025〕1号",
    "penalty_content": "罚款壹万贰仟叁佰肆拾伍元陆角柒分；𠮷祥食品“三无”产品，没收。",
    "fine_amount": Decimal("12345.6700"),
    "confiscated_amount": Decimal("-0.0100"),
    "decision_date": date(2025, 3, 14),
    "publicity_deadline": date(2028, 2, 29),
    "authority_name": "虚构市场监督管理局",
}
FUNDED = {
    "project_name": "虚构扶持项目",
    "document_number": "虚构〔1969〕1号",
    "approval_date": date(1969, 12, 31),
    "total_investment": Decimal("98765432109876543210.1234"),
}
PAID = {"period": "2025-05", "tax_amount": Decimal("120.5000")}


@contextmanager
def bank_topics(config: BusConfig) -> Iterator[None]:
    """Create the topics of two banks with their schemas as the hub does, and delete the topics afterwards."""
    with release_topics(config, _LABELS, [BANK, OTHER]):
        with closing(Registry(config)) as registry:
            for schema in (
                *map(schema_of, (PENALTY, SUPPORT, TAX)),
                _LABELS.indicator_groups[PENALTY].schema,
                wire.BANK_SCOPE,
            ):
                for bank in (BANK, OTHER):
                    registry.register(topics.bank_topic(bank), schema)
        yield


def fill(config: BusConfig) -> None:
    """Let the release tell 9 events of A and 3 of B, with aborted transactions before, between and behind them.

    A consents to what is no public information of it, and revokes the consent.
    """
    streams, office = Streams(config), Office(config)
    with tempfile.TemporaryDirectory() as folder:
        abort(config, 1)
        fined = streams.record_change(A, PENALTY, "p-1", None, FINED)
        streams.change(A, 1, [fined, streams.record_change(A, TAX, "t-1", None, PAID)], {"fines_36m": "12345.67"})
        streams.change(B, 1, [streams.record_change(B, SUPPORT, "s-1", None, FUNDED)])
        streams.flush()
        release(config, Path(folder), _LABELS)
        abort(config, 2)
        office.consent(terms_now(A), Act.REQUEST, Act.GRANT)
        streams.change(A, 2, [streams.record_change(A, PENALTY, "p-1", FINED, {**FINED, "remark": "备注"})])
        streams.change(A, 3, [streams.record_change(A, PENALTY, "p-1", {**FINED, "remark": "备注"}, None)])
        streams.change(B, 2, [], {"penalties_12m": "0"})
        streams.flush()
        release(config, Path(folder), _LABELS)
        office.consent(terms_now(A), Act.REVOKE)
        release(config, Path(folder), _LABELS)
        abort(config, 1)


def abort(config: BusConfig, times: int) -> None:
    """Begin transactions of another producer in every partition of the topic, and abort them."""
    producer = clients.producer(config, **{"transactional.id": config.topic("aborting")})
    producer.init_transactions(30)
    with closing(Registry(config)) as registry:
        encode = Encoder(registry, TOPIC, schema_of(PENALTY))
        for _ in range(times):
            producer.begin_transaction()
            for subject, number in ((A, 0), (B, 1)):
                producer.produce(config.topic(TOPIC), encode(event(subject, 900)), subject.encode(), number)
            assert producer.flush(30) == 0
            producer.abort_transaction(30)


def publish(config: BusConfig, sequences: list[int]) -> None:
    """Publish events of A with these sequences, which the release would never do."""
    producer = clients.producer(config, **{"compression.type": "gzip"})
    with closing(Registry(config)) as registry:
        encode = Encoder(registry, TOPIC, schema_of(PENALTY))
        for sequence in sequences:
            producer.produce(config.topic(TOPIC), encode(event(A, sequence)), A.encode())
    assert producer.flush(30) == 0


def schema_of(item: str) -> Schema:
    """Return what a bank may see of an item."""
    schema = bank_schema(CATALOGUE.item(item))
    assert schema is not None
    return schema


def event(subject: str, sequence: int) -> dict[str, Any]:
    """Return an event of a bank's topic."""
    head = {"subject": subject, "sequence": sequence, "op": "REPORT", "item": PENALTY, "record_key": "p-9"}
    return {**head, "source_time": MOMENT, "unit": "market_supervision", "emitted_at": MOMENT, "data": FINED}


def published(config: BusConfig) -> list[tuple[Message, dict[str, Any]]]:
    """Return what is committed in the topic, as the hub's own decoder reads it."""
    return messages(config, TOPIC)


def aborted_count(config: BusConfig) -> int:
    """Return how many messages of the topic a reader without read_committed would wrongly take."""
    settings = {"isolation.level": "read_uncommitted", "enable.partition.eof": True}
    consumer = clients.consumer(config, "uncommitted", **settings)
    consumer.assign([TopicPartition(config.topic(TOPIC), number, 0) for number in range(config.partitions)])
    found, ends, deadline = 0, 0, time.monotonic() + 20
    try:
        while ends < config.partitions:
            assert time.monotonic() < deadline
            for message in consumer.consume(100, timeout=0.2):
                found += message.error() is None
                ends += message.error() is not None
    finally:
        consumer.close()
    return found - len(published(config))
