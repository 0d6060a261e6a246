"""Changes as the streams publish them, made by hand for the sinks' tests. All values are fictitious."""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import fastavro
from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException, TopicPartition

from bus import clients, topics
from bus.avro.encoding import Encoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.topics import TopicSpec, ensure_topics
from catalogue import wire
from catalogue.avro import event_schema
from catalogue.load import load_catalogue

MOMENT = datetime(2025, 6, 1, 8, tzinfo=UTC)
CATALOGUE = load_catalogue()


@contextmanager
def own_topics(config: BusConfig, names: list[str]) -> Iterator[None]:
    """Create topics for one test and delete them afterwards."""
    ensure_topics(config, [TopicSpec(name, {}) for name in names])
    try:
        yield
    finally:
        admin = clients.admin(config)
        for done in admin.delete_topics([config.topic(n) for n in names]).values():
            done.result()


def failing_commit(*_: Any) -> None:
    """Stand in for ``commit_with`` while the coordinator has an error that another try might not have."""
    raise KafkaException(KafkaError(KafkaError.COORDINATOR_LOAD_IN_PROGRESS))


def move_beyond(config: BusConfig, group: str) -> None:
    """Commit a position for a group that none of its partitions has reached, as after a log lost its tail."""
    places = [TopicPartition(config.topic(topics.CHANGE), number, 1000) for number in range(config.partitions)]
    admin = clients.admin(config)
    asked = [ConsumerGroupTopicPartitions(config.topic(group), places)]
    for done in admin.alter_consumer_group_offsets(asked).values():
        done.result()


def forget(config: BusConfig, group: str) -> None:
    """Have the broker forget all positions of a group."""
    admin = clients.admin(config)
    for done in admin.delete_consumer_groups([config.topic(group)]).values():
        done.result()


class Streams:
    """Produces what the streams would produce."""

    def __init__(self, config: BusConfig) -> None:
        self._config = config
        self._registry = Registry(config)
        self._producer = clients.producer(config)

    def payload(self, item_id: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return an item's schema id and its encoded payload."""
        item = CATALOGUE.item(item_id)
        schema = event_schema(item)
        out = io.BytesIO()
        fastavro.schemaless_writer(out, fastavro.parse_schema(schema["fields"][-1]["type"]), dict(data))
        schema_id = self._registry.register(f"catalogue.{item.category}.v1", schema)
        return {"schema_id": schema_id, "payload": out.getvalue()}

    def foreign_payload(self, item_id: str, field: str) -> dict[str, Any]:
        """Return a payload of a stranger's schema, which has the item's field as a number."""
        item = CATALOGUE.item(item_id)
        data = {"type": "record", "name": "ForeignData", "fields": [{"name": field, "type": "long"}]}
        fields = [*event_schema(item)["fields"][:-1], {"name": "data", "type": ["null", data]}]
        schema = {"type": "record", "name": "Foreign", "namespace": "elsewhere", "fields": fields}
        return {
            "schema_id": self._registry.register(f"catalogue.{item.category}.v1", schema),
            "payload": b"\x02\x02",
        }

    def envelope(self, subject: str, item: str, key: str) -> dict[str, Any]:
        """Return an envelope on the wire."""
        return {
            "event_id": "e-1",
            "item": item,
            "op": "REPORT",
            "record_key": key,
            "period": None,
            "source_time": MOMENT,
            "revision": 0,
            "content_hash": "00ff",
            "reported_at": MOMENT,
            "unit": "market_supervision",
            "region": "630102",
            "channel": "FILE",
            "submission_id": "s-1",
            "row": 1,
            "subject": subject,
            "subject_name": "青海虚构样例有限公司",
            "replaces_set": False,
        }

    def record_change(
        self,
        subject: str,
        item: str,
        key: str,
        before: Mapping[str, Any] | None,
        after: Mapping[str, Any] | None,
    ) -> dict[str, Any]:
        """Return one record before and after; None: not live."""
        held = None if before is None else self.payload(item, before)
        return {
            **self.envelope(subject, item, key),
            **self.payload(item, after if after is not None else before or {}),
            "live": after is not None,
            "was_live": before is not None,
            "previous_schema_id": held and held["schema_id"],
            "previous_payload": held and held["payload"],
        }

    def unreadable(self, subject: str, item: str, field: str) -> list[dict[str, Any]]:
        """Return two records that nobody can read: cut short, and with a field of another kind."""
        cut = {**self.record_change(subject, item, "cut", None, {}), "payload": b"\x02\xff"}
        foreign = {
            **self.record_change(subject, item, "foreign", None, {}),
            **self.foreign_payload(item, field),
        }
        return [cut, foreign]

    def mended(self, record: Mapping[str, Any], value: Mapping[str, Any]) -> dict[str, Any]:
        """Return the record change that puts a readable version in an unreadable one's place."""
        return {
            **self.record_change(record["subject"], record["item"], record["record_key"], None, value),
            "was_live": True,
            "previous_schema_id": record["schema_id"],
            "previous_payload": record["payload"],
        }

    def change(
        self,
        subject: str,
        sequence: int,
        records: list[dict[str, Any]],
        indicators: Mapping[str, str] | None = None,
    ) -> None:
        """Publish a change."""
        self.send(
            topics.CHANGE,
            wire.CHANGE,
            subject,
            {
                "subject": subject,
                "subject_name": "青海虚构样例有限公司",
                "sequence": sequence,
                "as_of": date(2025, 6, 1),
                "changed_at": MOMENT,
                "records": records,
                "indicators": [
                    {"id": name, "previous": None, "current": Decimal(value)}
                    for name, value in (indicators or {}).items()
                ],
            },
        )

    def send(self, topic: str, schema: dict[str, Any], key: str, value: Mapping[str, Any]) -> None:
        """Publish one value."""
        self._producer.produce(self._config.topic(topic), Encoder(self._registry, topic, schema)(value), key.encode())

    def tombstone(self, topic: str, key: str) -> None:
        """Publish a message without a value."""
        self._producer.produce(self._config.topic(topic), None, key.encode())

    def flush(self) -> None:
        """Wait until all is with the broker."""
        assert self._producer.flush(30) == 0
        # A fresh one, so that no connection is left to the garbage collector.
        self._registry.close()
        self._registry = Registry(self._config)
