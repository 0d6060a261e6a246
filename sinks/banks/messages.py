"""The messages of banks' topics. What says the same to several recipients is encoded once.

Their sequences and handles are put in afterwards: they lie at known places of the bytes (Avro 1.12, Binary Encoding).
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Context, Decimal
from typing import Any, NamedTuple

from bus.avro import writer
from bus.avro.encoding import Encoder
from bus.avro.registry import Registry, full_name
from bus.avro.wire_format import HEAD_SIZE
from catalogue import wire
from catalogue.avro import Schema, bank_schema
from catalogue.model import Item
from rules.release.entitlement import ItemStatus
from rules.release.lists import VisibleEntry
from rules.release.visible import VisibleChange

_NO_SEQUENCE = b"\x00"
_HANDLE = "0" * 32
_HANDLE_SIZE = writer.long(len(_HANDLE))
_INDICATOR_PLACES = 6
_EXACT = Context(prec=60)


class MessageTemplate(NamedTuple):
    """A message but for its sequence and, of a record, its handle; ``rest`` None: it is about no record."""

    head: bytes
    middle: bytes
    rest: bytes | None

    def filled(self, sequence: int, handle: str) -> bytes:
        """Return the message."""
        if self.rest is None:
            return b"".join((self.head, writer.long(sequence), self.middle))
        return b"".join(
            (self.head, writer.long(sequence), self.middle, _HANDLE_SIZE, handle.encode(), self.rest)
        )  # fmt: skip


class Head(NamedTuple):
    """What all messages about a subject begin with, and are made by."""

    subject: str
    subject_name: str | None
    emitted_at: datetime
    policy: int

    def fields(self) -> dict[str, Any]:
        """Return them as a message has them."""
        return {**self._asdict(), "sequence": 0}


class BankMessages:
    """Makes templates. They are the same for all banks' topics: a registry gives equal schemas one id."""

    def __init__(self, registry: Registry, topic: Callable[[], str]) -> None:
        """``topic`` names that of any bank. Messages raise Unavailable while the registry is away."""
        self._registry, self._topic = registry, topic
        self._encoders: dict[str, Encoder] = {}
        self._by_item: dict[str, Encoder] = {}

    def record(
        self, head: Head, seen: VisibleChange, consents: tuple[str, ...], delete_by: date | None
    ) -> MessageTemplate:
        """Return the message that tells a record, by consents; ``delete_by``: of what is seen no more."""
        record, after, op = seen.record, seen.after, seen.op
        value = {
            **head.fields(),
            "op": op,
            "item": record["item"],
            "record_key": _HANDLE,
            "source_time": record["source_time"],
            "unit": record["unit"],
            "withheld": [{"field": w.field, "reason": w.reason, "code": w.code} for w in after.withheld]
            if after
            else [],
            "reason": seen.reason,
            "consents": list(consents),
            "delete_by": delete_by,
            "data": after.visible if after else None,
        }
        whole = self._record_encoder(seen.item)(value)
        before, behind = _around_sequence(whole, head)
        size = len(writer.text(op)) + len(writer.text(record["item"]))
        return MessageTemplate(before, behind[:size], behind[size + len(_HANDLE_SIZE) + len(_HANDLE) :])

    def indicators(self, head: Head, as_of: date, values: Mapping[str, int | None]) -> MessageTemplate:
        """Return the message that tells values of indicators, in units of their last place."""
        decimals = {
            name: None if value is None else Decimal(value).scaleb(-_INDICATOR_PLACES, _EXACT)
            for name, value in values.items()
        }
        return self._plain(wire.BANK_INDICATORS, head, {"as_of": as_of, "indicators": decimals})

    def entry(self, head: Head, entry: VisibleEntry) -> MessageTemplate:
        """Return the message that tells who is on a list, or is not any more."""
        return self._plain(wire.BANK_LIST_ENTRY, head, entry.fields())

    def scope(self, head: Head, items: Iterable[ItemStatus]) -> MessageTemplate:
        """Return the message that tells what is told from here on."""
        said = [
            {"item": one.item, "status": one.status, "code": one.code or None, "consents": list(one.consents)}
            for one in items
        ]
        return self._plain(wire.BANK_SCOPE, head, {"items": said})

    def _plain(self, schema: Schema, head: Head, value: Mapping[str, Any]) -> MessageTemplate:
        before, behind = _around_sequence(self._encoder(schema)({**head.fields(), **value}), head)
        return MessageTemplate(before, behind, None)

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
            self._encoders[name] = Encoder(self._registry, self._topic(), schema)
        return self._encoders[name]


def _around_sequence(message: bytes, head: Head) -> tuple[bytes, bytes]:
    at = HEAD_SIZE + len(writer.text(head.subject)) + len(writer.optional_text(head.subject_name))
    if message[at : at + 1] != _NO_SEQUENCE:
        raise ValueError("the schema has its sequence in another place")
    return message[:at], message[at + 1 :]
