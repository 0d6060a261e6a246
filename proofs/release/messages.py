"""What a recipient is to be told, message by message, encoded as plainly as can be."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bus import topics
from bus.avro.encoding import Encoder
from bus.avro.registry import Registry, full_name
from catalogue import wire
from catalogue.avro import Schema, bank_schema

SCOPE, INDICATORS, LIST = "SCOPE", "INDICATORS", "LIST"


@dataclass(frozen=True, slots=True)
class DueMessage:
    """A message that is due, but for its sequence; ``place``: of the record that it is about, "" of none."""

    place: str
    item: str
    op: str
    reason: str
    consents: tuple[str, ...]
    handle: str
    schema: Schema
    value: Mapping[str, Any]


class Messages:
    """Encodes what is due. Equal schemas have one id, in whichever bank's topic; labels say which one was meant."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._encoders: dict[tuple[str, int], Encoder] = {}

    def hash(self, due: DueMessage, recipient: str, sequence: int) -> bytes:
        """Return the SHA-256 of the message to a recipient."""
        key = full_name(due.schema), due.value["policy"]
        encode = self._encoders.get(key)
        if encode is None:
            encode = self._encoders[key] = Encoder(self._registry, topics.bank_topic(recipient), due.schema)
        return hashlib.sha256(encode({**due.value, "sequence": sequence})).digest()


def schema_of(item: Any) -> Schema:
    """Return the schema of what banks are told of an item; raises ValueError where that is nothing."""
    schema = bank_schema(item)
    if schema is None:
        raise ValueError(f"banks are told nothing of {item.id}")
    return schema


SCOPE_SCHEMA, LIST_SCHEMA = wire.BANK_SCOPE, wire.BANK_LIST_ENTRY
