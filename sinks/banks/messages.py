"""What a bank is told of a change: a message for each record of which it sees something else, one for indicators.

And of a change of a list: a message where somebody enters or leaves.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from bus.avro.decoding import Decoder
from bus.avro.encoding import Encoder
from bus.avro.registry import Registry, full_name
from catalogue import wire
from catalogue.avro import Schema, bank_schema
from catalogue.model import Item
from rules.release.handles import Handles
from rules.release.labels import LabelPolicy
from rules.release.lists import VisibleEntry, visible_entry
from rules.release.visible import DeadLetter, VisibleChange, moved_indicators, visible
from sinks.snapshots import Told

Valued = tuple[Encoder, dict[str, Any]]
"""A message's value, but for its sequence, and what encodes it."""


class BankMessages:
    """Makes a bank's messages by one label policy, but for their sequence."""

    def __init__(self, registry: Registry, topic: str, policy: LabelPolicy, handle: Handles) -> None:
        self._registry, self._topic, self._policy, self._handle = registry, topic, policy, handle
        self._encoders: dict[str, Encoder] = {}
        self._by_item: dict[str, Encoder] = {}

    def of(self, change: Mapping[str, Any], decode: Decoder, dead_letter: DeadLetter) -> Iterator[Valued]:
        """Yield the values of a change; ``dead_letter`` is told of records nobody can read.

        Raises Unavailable while the registry is away.
        """
        labels = self._policy.labels
        seen = visible(change, labels.plans, decode.payload, dead_letter)
        return self._told(change, seen, moved_indicators(change, labels.public_indicators))

    def of_list(self, change: Mapping[str, Any]) -> Iterator[Valued]:
        """Yield the value, if there is one, of a change of a list."""
        return self._entry(visible_entry(change, self._policy.labels.by_list))

    def of_snapshot(self, told: Told) -> Iterator[Valued]:
        """Yield the values of what a snapshot tells by one change."""
        if told.entry is None:
            return self._told(told.change, told.records, told.indicators)
        return self._entry(told.entry)

    def _told(
        self, change: Mapping[str, Any], records: Iterable[VisibleChange], indicators: Mapping[str, Any]
    ) -> Iterator[Valued]:
        head = self._head(change["subject"], change["subject_name"])
        for seen in records:
            yield self._record_encoder(seen.item), {**head, **self._record_message(change["subject"], seen)}
        if indicators:
            message = {**head, "as_of": change["as_of"], "indicators": indicators}
            yield self._encoder(wire.BANK_INDICATORS), message

    def _entry(self, entry: VisibleEntry | None) -> Iterator[Valued]:
        if entry is None:
            return
        decided = entry.decided
        yield (
            self._encoder(wire.BANK_LIST_ENTRY),
            {
                # Changes of lists do not have the name.
                **self._head(entry.change["subject"], None),
                "list": entry.label.id,
                "list_name": entry.label.zh,
                "kind": entry.label.kind,
                "status": entry.status,
                "reason": entry.reason,
                "since": decided.get("since"),
                "as_of": decided.get("as_of"),
                "definition_hash": decided.get("definition_hash"),
            },
        )

    def _head(self, subject: str, name: str | None) -> dict[str, Any]:
        return {
            "subject": subject,
            "subject_name": name,
            "emitted_at": datetime.now(UTC),
            "policy": self._policy.version,
        }

    def _record_encoder(self, item: Item) -> Encoder:
        if item.id not in self._by_item:
            schema = bank_schema(item)
            if schema is None:
                raise ValueError(f"a plan of {item.id}, of which a bank may see nothing")
            self._by_item[item.id] = self._encoder(schema)
        return self._by_item[item.id]

    def _encoder(self, schema: Schema) -> Encoder:
        name = full_name(schema)
        if name not in self._encoders:
            self._encoders[name] = Encoder(self._registry, self._topic, schema)
        return self._encoders[name]

    def _record_message(self, subject: str, record_change: VisibleChange) -> dict[str, Any]:
        record, after = record_change.record, record_change.after
        return {
            "item": record["item"],
            "record_key": self._handle(subject, record["item"], record["record_key"]),
            "source_time": record["source_time"],
            "unit": record["unit"],
            "op": record_change.op,
            "reason": record_change.reason,
            "withheld": [{"field": w.field, "reason": w.reason, "code": w.code} for w in after.withheld]
            if after
            else [],
            "data": after.visible if after else None,
        }
