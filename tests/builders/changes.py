"""Changes as the streams publish them: records before and after, what is said of them, and their publication.

All values are fictitious.
"""

import io
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import fastavro

from bus import clients, topics
from bus.avro.encoding import Encoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.partitions import partition_of
from catalogue import wire
from catalogue.avro import event_schema
from catalogue.load import load_catalogue
from tests.builders.events import SUBJECT, envelope

MOMENT = datetime(2025, 6, 1, 8, tzinfo=UTC)
CATALOGUE = load_catalogue()
_SUBJECT_NAME = "青海虚构样例有限公司"


def record_change(before: Any, after: Any, *, payload: Any = None, **fields: Any) -> dict[str, Any]:
    """Return one record of a change, whose payload is ``after`` and was ``before``; None: not live.

    Payloads stand as they are, so that a test need not encode them. ``payload``: that of a record that is not live any
    more. ``fields`` are those of the envelope that the test is about.
    """
    return {
        **envelope(**fields)._asdict(),
        "live": after is not None,
        "schema_id": 1,
        "payload": payload if after is None else after,
        "was_live": before is not None,
        "previous_schema_id": None if before is None else 1,
        "previous_payload": before,
    }


def change_value(
    records: Iterable[Mapping[str, Any]],
    *,
    subject: str = SUBJECT,
    sequence: int = 1,
    indicators: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return a value of ``credit.change.v1``: a subject's next change, of these records and indicators."""
    return {
        "subject": subject,
        "subject_name": _SUBJECT_NAME,
        "sequence": sequence,
        "as_of": date(2025, 6, 1),
        "changed_at": MOMENT,
        "records": list(records),
        "indicators": [
            {"id": name, "previous": None, "current": Decimal(value)} for name, value in (indicators or {}).items()
        ],
    }


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
        return envelope(**_fields(subject, item, key))._asdict()

    def record_change(
        self,
        subject: str,
        item: str,
        key: str,
        before: Mapping[str, Any] | None,
        after: Mapping[str, Any] | None,
    ) -> dict[str, Any]:
        """Return one record before and after, encoded; None: not live."""
        former = None if before is None else self.payload(item, before)
        current = self.payload(item, after if after is not None else before or {})
        change = record_change(
            former and former["payload"],
            None if after is None else current["payload"],
            payload=current["payload"],
            **_fields(subject, item, key),
        )
        return {**change, "schema_id": current["schema_id"], "previous_schema_id": former and former["schema_id"]}

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
        value = change_value(records, subject=subject, sequence=sequence, indicators=indicators)
        self.send(topics.CHANGE, wire.CHANGE, subject, value)

    def list_change(self, value: Mapping[str, Any]) -> None:
        """Publish a change of a list, in its subject's partition as the rating does."""
        key, place = f"{value['subject']}\0{value['list']}", partition_of(value["subject"], self._config.partitions)
        encoded = Encoder(self._registry, topics.LIST_CHANGE, wire.LIST_CHANGE)(value)
        self._producer.produce(self._config.topic(topics.LIST_CHANGE), encoded, key.encode(), place)

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


def _fields(subject: str, item: str, key: str) -> dict[str, Any]:
    """Return the fields of the envelope of every published record."""
    return {
        "event_id": "e-1",
        "item": item,
        "record_key": key,
        "source_time": MOMENT,
        "reported_at": MOMENT,
        "unit": "market_supervision",
        "submission_id": "s-1",
        "subject": subject,
        "subject_name": _SUBJECT_NAME,
    }
