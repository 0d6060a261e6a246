"""What a bank is told of a change: a message for each record of which it sees something else, one for indicators."""

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from bus.avro.decoding import Decoder
from bus.avro.encoding import Encoder
from bus.avro.registry import Registry, full_name
from catalogue import wire
from catalogue.avro import Schema, bank_schema
from catalogue.model import Catalogue, Item
from rules.release.plan import release_plans
from rules.release.visible import DeadLetter, VisibleChange, moved_indicators, visible


class BankMessages:
    """Makes a bank's messages but for their sequence; ``public`` are the ids of indicators that rest on public data."""

    def __init__(self, registry: Registry, topic: str, catalogue: Catalogue, public: Collection[str]) -> None:
        self._registry, self._topic, self._public = registry, topic, public
        self._plans = release_plans(catalogue.items, "bank")
        self._encoders: dict[str, Encoder] = {}
        self._by_item: dict[str, Encoder | None] = {}

    def of(
        self, change: Mapping[str, Any], decode: Decoder, dead_letter: DeadLetter
    ) -> Iterator[tuple[Encoder, dict[str, Any]]]:
        """Yield the values of a change, each with its encoder; ``dead_letter`` is told of records nobody can read.

        Raises Unavailable while the registry is away.
        """
        head = {
            "subject": change["subject"],
            "subject_name": change["subject_name"],
            "emitted_at": datetime.now(UTC),
        }
        for record_change in visible(change, self._plans, decode.payload, dead_letter):
            encoder = self._record_encoder(record_change.item)
            if encoder is not None:
                yield encoder, {**head, **_record_message(record_change)}
        values = moved_indicators(change, self._public)
        if values:
            yield self._encoder(wire.BANK_INDICATORS), {**head, "as_of": change["as_of"], "indicators": values}

    def _record_encoder(self, item: Item) -> Encoder | None:
        if item.id not in self._by_item:
            schema = bank_schema(item)
            self._by_item[item.id] = None if schema is None else self._encoder(schema)
        return self._by_item[item.id]

    def _encoder(self, schema: Schema) -> Encoder:
        name = full_name(schema)
        if name not in self._encoders:
            self._encoders[name] = Encoder(self._registry, self._topic, schema)
        return self._encoders[name]


def _record_message(record_change: VisibleChange) -> dict[str, Any]:
    record, after = record_change.record, record_change.after
    return {
        "item": record["item"],
        "record_key": record["record_key"],
        "source_time": record["source_time"],
        "unit": record["unit"],
        "op": record_change.op,
        "reason": record_change.reason,
        "withheld": [{"field": w.field, "reason": w.reason, "code": w.code} for w in after.withheld] if after else [],
        "data": after.visible if after else None,
    }
