"""A subject's state and changes as bytes: Avro for the topics, put together from parts, and the store's own form.

The store's form is ``marshal``'s, which is read several times faster; a state that was restored from its topic is
Avro until it is next written. Tests compare the Avro with fastavro's.
"""

import hashlib
import marshal
from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from bus.avro import writer
from catalogue.times import from_micros, micros
from rules.indicators.definitions import millionths
from rules.merge import Name
from streams.merge.subject import Closed, Held, Moved

# Confluent's magic byte, with which marshal begins no tuple.
_AVRO = 0
_NONE = writer.array([])
# Bytes of records in one change. A single record may be larger: two versions of it, of up to a megabyte each.
LARGEST_CHANGE = 800_000
_EPOCH_DAY = date(1970, 1, 1).toordinal()


def state_hash(held: Held) -> str:
    """Return the hash over the winning records and the indicators of one subject; dates and sequence are outside."""
    return _hash(held.digest, sorted(held.indicators.items()))


def _hash(digest: int, indicators: list[tuple[str, int | None]]) -> str:
    shown = "".join([f"\n{name} {'' if value is None else value}" for name, value in indicators])
    return hashlib.sha256(f"{digest:032x}{shown}".encode()).hexdigest()


def pack(held: Held) -> bytes:
    """Return a state as the store keeps it."""
    name = held.name and (held.name.registered, micros(held.name.source_time), *held.name[2:])
    return marshal.dumps(
        (name, held.sequence, held.as_of.toordinal(), held.digest, dict(held.indicators), dict(held.counts))
    )


def unpack(raw: bytes, decode: Callable[[bytes], Mapping[str, Any]]) -> Held:
    """Return a state that the store kept, packed or as it was restored; ``decode`` reads the messages of its topic."""
    if raw[0] != _AVRO:
        name, sequence, as_of, digest, indicators, counts = marshal.loads(raw)
        if name is not None:
            name = Name(name[0], from_micros(name[1]), *name[2:])
        return Held(name, sequence, date.fromordinal(as_of), digest, indicators, counts)
    state = decode(raw)
    by, text = state.get("named_by"), state["subject_name"]
    return Held(
        None if by is None else Name(by["registered"], by["source_time"], by["revision"], by["content_hash"], text),
        state["sequence"],
        state["as_of"],
        int(state["records_digest"], 16),
        {name: None if value is None else millionths(value) for name, value in state["indicators"].items()},
        state["counts"],
    )


def encode_head(subject: str, held: Held) -> bytes:
    """Return the Avro of what a state and a change begin with, alike."""
    return b"".join(
        (
            writer.text(subject),
            writer.optional_text(held.subject_name),
            writer.long(held.sequence),
            writer.long(held.as_of.toordinal() - _EPOCH_DAY),
        )
    )


def encode_state(head: bytes, held: Held, changed_at: bytes) -> bytes:
    """Return the Avro of ``State``; ``changed_at``: the moment as ``writer.long`` encodes it."""
    name, indicators = held.name, sorted(held.indicators.items())
    return b"".join(
        (
            head,
            writer.text(_hash(held.digest, indicators)),
            writer.array([_name(k) + _number(v) for k, v in indicators]),
            writer.array([_name(k) + writer.long(v) for k, v in sorted(held.counts.items())]),
            writer.text(f"{held.digest:032x}"),
            changed_at,
            b"\x00"
            if name is None
            else b"".join(
                (
                    b"\x02\x01" if name.registered else b"\x02\x00",
                    writer.timestamp(name.source_time),
                    writer.long(name.revision),
                    writer.text(name.content_hash),
                )
            ),
        )
    )


def encode_changes(head: bytes, subject: str, closed: Closed, changed_at: bytes) -> list[bytes]:
    """Return the Avro of the ``Change`` that a batch made of a subject; the arguments are as in ``encode_state``.

    What is too large for one message is told in several, in their order: the first has the sequence of ``closed``,
    each further one the next. The indicators come with the last one.
    """
    parts = _parts([_record_change(moved) for moved in closed.records])
    turned = writer.array([_name(i.id) + _number(i.previous) + _number(i.current) for i in closed.indicators])
    changes = []
    for number, records in enumerate(parts):
        if number:
            head = encode_head(subject, closed.held._replace(sequence=closed.held.sequence + number))
        last = turned if number == len(parts) - 1 else _NONE
        changes.append(b"".join((head, changed_at, writer.array(records), last)))
    return changes


def _parts(records: list[bytes]) -> list[list[bytes]]:
    """Share encoded records out over messages; one that is larger than all others may be has its own."""
    if sum(map(len, records)) <= LARGEST_CHANGE:
        return [records]
    parts: list[list[bytes]] = []
    left = 0
    for record in records:
        if len(record) > left:
            parts.append([])
            left = LARGEST_CHANGE
        parts[-1].append(record)
        left -= len(record)
    return parts


def _record_change(moved: Moved) -> bytes:
    new, old = moved.new, moved.old
    previous = None if old is None else (old.schema_id, old.payload)
    return writer.record_change(new.head, moved.live, new.schema_id, new.payload, moved.was_live, previous)


# Items and indicators: a few hundred names.
_name = lru_cache(maxsize=4096)(writer.text)


# A change and a state say the same numbers, and many are small counts.
@lru_cache(maxsize=1 << 14)
def _number(value: int | None) -> bytes:
    """Encode a nullable decimal of six places from its millionths."""
    if value is None:
        return b"\x00"
    size = (value.bit_length() + 8) >> 3
    return b"\x02" + writer.long(size) + value.to_bytes(size, "big", signed=True)
