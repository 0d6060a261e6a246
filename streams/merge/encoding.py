"""States and changes as Avro, put together from parts that are Avro already; tests compare them with fastavro's."""

from functools import lru_cache

from bus.avro import writer
from rules.state import DIGEST_RULE
from streams.merge.state import SubjectState, state_hash
from streams.merge.subject import RecordUpdate
from streams.merge.update import SubjectUpdate, ValuesUpdate
from streams.merge.values import digest_of

_NO_INDICATORS = writer.array([])
# Bytes of records in one change. A single record may be larger: two versions of it, of up to a megabyte each.
LARGEST_CHANGE = 800_000
_DIGEST_RULE = writer.long(DIGEST_RULE)


def encode_head(subject: str, state: SubjectState) -> bytes:
    """Return the Avro of what a state and a change begin with, alike."""
    return b"".join(
        (
            writer.text(subject),
            writer.optional_text(state.subject_name),
            writer.long(state.sequence),
            writer.day(state.as_of),
        )
    )


def encode_state(head: bytes, state: SubjectState, changed_at: bytes) -> bytes:
    """Return the Avro of ``State``; ``changed_at``: the moment as ``writer.timestamp`` encodes it."""
    name = state.name
    return b"".join(
        (
            head,
            writer.text(state_hash(state)),
            writer.array([_name(k) + writer.long(v) for k, v in sorted(state.counts.items())]),
            writer.text(f"{state.digest:032x}"),
            changed_at,
            b"\x00"
            if name is None
            else b"".join(
                (
                    b"\x02\x01" if name.registered else b"\x02\x00",
                    writer.timestamp(name.source_time),
                    writer.long(name.revision),
                    writer.text(name.content_hash),
                    writer.timestamp(name.as_of),
                )
            ),
            _DIGEST_RULE,
            writer.text(f"{state.indicators:032x}"),
        )
    )


def encode_values(subject: str, update: ValuesUpdate, state: SubjectState, changed_at: bytes) -> bytes:
    """Return the Avro of ``IndicatorValues``; the last two arguments are as in ``encode_state``."""
    return b"".join(
        (
            writer.text(subject),
            _name(update.group),
            writer.long(state.sequence),
            writer.day(state.as_of),
            writer.text(f"{digest_of(update.group, update.values):032x}"),
            writer.array([_name(k) + _number(v) for k, v in sorted(update.values.items())]),
            changed_at,
        )
    )


def encode_changes(head: bytes, subject: str, update: SubjectUpdate, changed_at: bytes) -> list[bytes]:
    """Return the Avro of the ``Change`` that a batch made of a subject; the arguments are as in ``encode_state``.

    What is too large for one message is published as several, in order: the first has the sequence of ``update``, each
    further one the next. The indicators come with the last one (decision 8).
    """
    parts = _parts([_record_change(record) for record in update.records])
    indicators = writer.array([_name(i.id) + _number(i.previous) + _number(i.current) for i in update.indicators])
    changes = []
    for number, records in enumerate(parts):
        if number:
            head = encode_head(subject, update.state._replace(sequence=update.state.sequence + number))
        last = indicators if number == len(parts) - 1 else _NO_INDICATORS
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


def _record_change(update: RecordUpdate) -> bytes:
    new, old = update.new, update.old
    previous = None if old is None else (old.schema_id, old.payload)
    return writer.record_change(new.head, update.live, new.schema_id, new.payload, update.was_live, previous)


# Items and indicators: a few hundred names.
_name = lru_cache(maxsize=4096)(writer.text)


# A change and a state bear the same numbers, and many are small counts.
@lru_cache(maxsize=1 << 14)
def _number(value: int | None) -> bytes:
    """Encode a nullable decimal of six places from its millionths."""
    if value is None:
        return b"\x00"
    size = (value.bit_length() + 8) >> 3
    return b"\x02" + writer.long(size) + value.to_bytes(size, "big", signed=True)
