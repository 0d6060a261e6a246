"""Which report of a record counts. A join: commutative, associative, idempotent (law 1 of the design).

Repeats, reordering and re-delivery therefore converge to the same records, whoever processes them how often.
"""

import hashlib
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from catalogue.envelope import Envelope, ItemId, Op

_DIGEST_MODULUS = 1 << 128
REGISTRATION = ItemId("market.registration")
# Since when a set holds: source time, as of, revision.
SetSince = tuple[datetime, datetime, int]


class Outcome(StrEnum):
    """What became of one event at the time it was seen."""

    MERGED = "merged"  # it is the record now
    DUPLICATE = "duplicate"  # it says what the record says already, perhaps for a later moment
    SUPERSEDED = "superseded"  # a higher version was there before


class Record(NamedTuple):
    """One version of one record, with its payload as it came; ``head``: the envelope's own Avro, to be passed on."""

    envelope: Envelope
    schema_id: int
    payload: bytes
    head: bytes = b""


def join(current: Record | None, seen: Record) -> tuple[Record, Outcome]:
    """Return the winner of the current record and one just seen, and what became of the latter.

    The higher version wins, of equal versions that of the lower event id. A higher version of the same content wins,
    too, lest another worker or a later report decide against a lower one, and is a duplicate to everybody else.
    """
    if current is None:
        return seen, Outcome.MERGED
    ours, theirs = current.envelope.version, seen.envelope.version
    if theirs > ours:
        return seen, Outcome.DUPLICATE if theirs[3] == ours[3] else Outcome.MERGED
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
    return seen._replace(op=Op.NIL, record_key=seen.set_key, period=None, content_hash="", unread_fields=())


def set_since(mark: Envelope) -> SetSince:
    """Return since when the set holds that a mark stands for."""
    return mark.version[:3]


def stands(record: Envelope, since: SetSince | None) -> bool:
    """Whether a winning record is reported, and not older than the latest whole set that it may be a member of.

    ``since``: that of the mark under the record's ``set_key``; None where there is none.
    """
    if record.op != Op.REPORT:
        return False
    return since is None or record.version[:3] >= since


def is_live(record: Envelope, since: SetSince | None, until: date | None, day: date) -> bool:
    """Whether a winning record counts on a day: it stands, and the law has not ended it.

    ``until``: the first day on which it may no longer be used (``rules.release.publication``); None: nothing ends it.
    """
    return stands(record, since) and (until is None or day < until)


class Name(NamedTuple):
    """What a subject is called by one event; the highest is its name, joined over all events ever seen (law 1)."""

    registered: bool  # as its registration has it, which is above whatever others call it
    source_time: datetime
    as_of: datetime
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


def same_content(one: Envelope, other: Envelope) -> bool:
    """Whether two versions of a record say the same; the hash covers the operation, too."""
    return one.content_hash == other.content_hash


def fingerprint(record: Envelope, live: bool) -> int:
    """Return what a winning record adds to its subject's digest: what it says while it counts, else that it does not.

    Event, submission and row are outside, and so are the times and the revision of its version: the same content, sent
    again for a later day, is the same state. Nor does it matter by which of several withdrawals a record ended.
    """
    text = f"{record.item}\x00{record.record_key}\x00{record.content_hash if live else ''}"
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16).digest(), "big")


def replace_in_digest(digest: int, former: int, present: int) -> int:
    """Return the digest after one fingerprint took the place of another: a sum, so that order does not matter."""
    return (digest + present - former) % _DIGEST_MODULUS
