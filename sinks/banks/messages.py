"""The messages of banks' topics. What says the same to several recipients is encoded once.

Their sequences and handles are put in afterwards: they lie at known places of the bytes (Avro 1.12, Binary Encoding).
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Context, Decimal
from typing import Any, NamedTuple

from bus.avro import writer
from bus.avro.encoding import Encoder, PartEncoder
from bus.avro.registry import Registry, full_name
from bus.avro.wire_format import HEAD_SIZE
from catalogue import wire
from catalogue.avro import BANK_CONSENTS, Schema, bank_schema
from catalogue.envelope import Op
from catalogue.model import FieldType, Item
from processing.output import Headers
from rules.release.columns import codes_text, consents_text, scope_item, statuses_text, with_details_texts
from rules.release.entitlement import ItemStatus
from rules.release.indicator_rows import IndicatorRow
from rules.release.lists import VisibleEntry
from rules.release.visible import VisibleChange

_TYPE, _ITEM, _OP, _SEQUENCE = "type", "item", "op", "sequence"
_NO_SEQUENCE = b"\x00"
_HANDLE_SIZE = writer.long(32)
# In the order in which they are written.
_ENVELOPE = (
    "subject", "subject_name", "sequence", "op", "item", "record_key", "source_time", "unit", "emitted_at",
    "withheld_codes", "reason", "policy", "delete_by",
)  # fmt: skip
_INDICATOR_PLACES = 6
_EXACT = Context(prec=60)


class MessageTemplate(NamedTuple):
    """A message but for its sequence and, of a record, its handle and consents; ``rest`` None: it is about no record.

    ``headers``: those that do not follow from the recipient.
    """

    headers: tuple[tuple[str, bytes], ...]
    head: bytes
    middle: bytes
    rest: bytes | None

    def filled(self, sequence: int, handle: str, consents: tuple[str, ...]) -> bytes:
        """Return the message."""
        if self.rest is None:
            return b"".join((self.head, writer.long(sequence), self.middle))
        return b"".join(
            (self.head, writer.long(sequence), self.middle, _HANDLE_SIZE, handle.encode(), self.rest,
             _consents(consents))
        )  # fmt: skip

    def headed(self, sequence: int) -> Headers:
        """Return the headers of the message."""
        return [*self.headers, (_SEQUENCE, b"%d" % sequence)]


class Head(NamedTuple):
    """What all messages about a subject begin with, and are made by."""

    subject: str
    subject_name: str | None
    emitted_at: datetime
    policy: int

    def fields(self) -> dict[str, Any]:
        """Return them as a message has them."""
        return {**self._asdict(), "sequence": 0}


class _RecordKind(NamedTuple):
    """How the records of an item are told; ``details``: its fields that hold several values each."""

    type_name: str
    magic: bytes
    details: tuple[str, ...]
    encode: PartEncoder


class BankMessages:
    """Makes templates. They are the same for all banks' topics: a registry gives equal schemas one id."""

    def __init__(self, registry: Registry, topic: Callable[[], str]) -> None:
        """``topic`` names that of any bank. Messages raise Unavailable while the registry is away."""
        self._registry, self._topic = registry, topic
        self._encoders: dict[str, Encoder] = {}
        self._by_item: dict[str, _RecordKind] = {}
        self._headers: dict[tuple[str, str, str], tuple[tuple[str, bytes], ...]] = {}

    def record(self, head: Head, seen: VisibleChange, delete_by: date | None) -> MessageTemplate:
        """Return the message that tells a record; ``delete_by``: of what is seen no more."""
        record, after, op = seen.record, seen.after, seen.op
        kind = self._record_kind(seen.item)
        before = b"".join((kind.magic, writer.text(head.subject), writer.optional_text(head.subject_name)))
        rest = (
            writer.timestamp(record["source_time"]),
            writer.text(record["unit"]),
            writer.timestamp(head.emitted_at),
            writer.optional_text(codes_text(after.withheld) if after else None),
            writer.optional_text(seen.reason),
            writer.optional_long(head.policy),
            writer.optional_date(delete_by),
            b"\x02" + kind.encode(with_details_texts(after.visible, kind.details)) if after else b"\x00",
        )
        headers = self._headers_of(kind.type_name, record["item"], op)
        return MessageTemplate(headers, before, writer.text(op) + writer.text(record["item"]), b"".join(rest))

    def indicators(self, head: Head, as_of: date, row: IndicatorRow[int], schema: Schema) -> MessageTemplate:
        """Return the message that tells a row of indicators; its values are in units of their last place."""
        decimals = {
            name: None if value is None else Decimal(value).scaleb(-_INDICATOR_PLACES, _EXACT)
            for name, value in row.values.items()
        }
        value = {"op": row.op, "item": row.group, "as_of": as_of, "reason": row.reason, **decimals}
        return self._plain(schema, head, value, op=row.op, item=row.group)

    def entry(self, head: Head, entry: VisibleEntry) -> MessageTemplate:
        """Return the message that tells who is on a list, or is not any more."""
        op = Op.REPORT if entry.is_member else Op.WITHDRAW
        return self._plain(wire.BANK_LIST_ENTRY, head, entry.fields(), op=op)

    def scope(self, head: Head, items: Sequence[ItemStatus]) -> MessageTemplate:
        """Return the message that tells what is told from here on."""
        said = {"items": [scope_item(one) for one in items], "items_json": statuses_text(items)}
        return self._plain(wire.BANK_SCOPE, head, said)

    def _plain(
        self, schema: Schema, head: Head, value: Mapping[str, Any], *, op: Op = Op.REPORT, item: str = ""
    ) -> MessageTemplate:
        before, behind = _around_sequence(self._encoder(schema)({**head.fields(), **value}), head)
        return MessageTemplate(self._headers_of(full_name(schema), item, op), before, behind, None)

    def _headers_of(self, type_name: str, item: str, op: str) -> tuple[tuple[str, bytes], ...]:
        """Return what tools may route by without decoding: the record type, the item if it has one, and the op."""
        key = type_name, item, op
        known = self._headers.get(key)
        if known is None:
            words = {_TYPE: type_name, _ITEM: item, _OP: op}
            known = self._headers[key] = tuple((name, str(word).encode()) for name, word in words.items() if word)
        return known

    def _record_kind(self, item: Item) -> _RecordKind:
        if item.id not in self._by_item:
            schema = bank_schema(item)
            if schema is None:
                raise ValueError(f"a plan of {item.id}, of which a bank may see nothing")
            details = tuple(field.name for field in item.fields if field.type is FieldType.DETAILS)
            self._by_item[item.id] = _RecordKind(
                full_name(schema), self._encoder(schema).magic, details, PartEncoder(_data_of(schema))
            )
        return self._by_item[item.id]

    def _encoder(self, schema: Schema) -> Encoder:
        name = full_name(schema)
        if name not in self._encoders:
            self._encoders[name] = Encoder(self._registry, self._topic(), schema)
        return self._encoders[name]


# A change tells a recipient mostly by the consents of the last one.
@functools.lru_cache(maxsize=16_384)
def _consents(numbers: tuple[str, ...]) -> bytes:
    """Return the fields that say by which consents a recipient is told, encoded."""
    listed = b"".join((writer.long(len(numbers)), *map(writer.text, numbers))) if numbers else b""
    return b"".join((listed, b"\x00", writer.optional_text(consents_text(numbers))))


def _data_of(schema: Schema) -> Schema:
    """Return the schema of what is told of a record: of a union fastavro checks each value against its branches."""
    *fields, data = schema["fields"][: -len(BANK_CONSENTS)]
    null, told = data["type"]
    if tuple(one["name"] for one in fields) != _ENVELOPE or null != "null":
        raise ValueError("a record is told by other fields than are written here")
    found: Schema = told
    return found


def _around_sequence(message: bytes, head: Head) -> tuple[bytes, bytes]:
    at = HEAD_SIZE + len(writer.text(head.subject)) + len(writer.optional_text(head.subject_name))
    if message[at : at + 1] != _NO_SEQUENCE:
        raise ValueError("the schema has its sequence in another place")
    return message[:at], message[at + 1 :]
