"""Which report of a record counts. A join: commutative, associative, idempotent (law 1 of the design).

Repeats, reordering and re-delivery therefore converge to the same records, whoever processes them how often.
"""

import functools
import hashlib
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from catalogue.envelope import SET_MARK, Envelope, ItemId, Op, RecordKey
from catalogue.times import micros

_DIGEST_MODULUS = 1 << 128
REGISTRATION = ItemId("market.registration")


class Outcome(StrEnum):
    """What became of one event at the time it was seen."""

    MERGED = "merged"  # it is the record now
    DUPLICATE = "duplicate"  # it says what the record says already
    SUPERSEDED = "superseded"  # a higher version was there before


class Record(NamedTuple):
    """One version of one record, with its payload as it came; ``head``: the envelope's own Avro, to be passed on."""

    envelope: Envelope
    schema_id: int
    payload: bytes
    head: bytes = b""


def join(current: Record | None, seen: Record) -> tuple[Record, Outcome]:
    """Return the winner of the current record and one just seen, and what became of the latter.

    The higher version wins, of equal versions that of the lower event id.
    """
    if current is None:
        return seen, Outcome.MERGED
    ours, theirs = current.envelope.version, seen.envelope.version
    if theirs > ours:
        return seen, Outcome.MERGED
    if theirs == ours:
        return (seen if seen.envelope.event_id < current.envelope.event_id else current), Outcome.DUPLICATE
    return current, Outcome.SUPERSEDED


def set_mark(seen: Envelope) -> Envelope | None:
    """Return the mark that an event of a whole set leaves: since when older members are gone.

    A register of its own, joined by maximum over all events of the set ever seen; were it derived from the winning
    members, a later report of one member alone would bring departed ones back.
    """
    if not seen.replaces_set or seen.op == Op.WITHDRAW:
        return None
    return seen._replace(op=Op.NIL, record_key=SET_MARK, period=None, content_hash="")


def is_live(record: Envelope, mark: tuple[datetime, int] | None) -> bool:
    """Whether a winning record counts: reported, and not older than its subject's latest whole set."""
    if record.op != Op.REPORT:
        return False
    return mark is None or (record.source_time, record.revision) >= mark


class Name(NamedTuple):
    """What a subject is called by one event; the highest is its name, joined over all events ever seen (law 1)."""

    registered: bool  # as its registration has it, which is above whatever others call it
    source_time: datetime
    revision: int
    content_hash: str
    text: str


def named(current: Name | None, seen: Envelope) -> Name | None:
    """Return the higher of a subject's current name and the one that an event gives it, if any."""
    if not seen.subject_name:
        return current
    registered = seen.item == REGISTRATION
    if current is not None and current.registered and not registered:
        return current
    name = Name(registered, *seen.version, seen.subject_name)
    return name if current is None or name > current else current


def fingerprint(record: Envelope) -> int:
    """Return what a winning record adds to its subject's digest; event, submission and row are outside."""
    text = (
        f"{record.item}\x00{record.record_key}\x00{record.op}\x00{_micros(record.source_time)}\x00"
        f"{record.revision}\x00{record.content_hash}"
    )
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16).digest(), "big")


# The records of one day or file often have the same moment.
@functools.lru_cache(maxsize=1 << 14)
def _micros(moment: datetime) -> int:
    return micros(moment)


def replace_in_digest(digest: int, old: Envelope | None, new: Envelope) -> int:
    """Return the digest after ``new`` took the place of ``old``: a sum, so that order does not matter."""
    former = fingerprint(old) if old is not None else 0
    return (digest + fingerprint(new) - former) % _DIGEST_MODULUS


def is_mark(key: RecordKey) -> bool:
    """Whether a key is the pseudo record of a set."""
    return key == SET_MARK
