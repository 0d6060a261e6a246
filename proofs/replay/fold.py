"""The plain reference: every event of a subject, sorted and folded to its winning records.

It says a second time, on purpose, what the merge decides. No join and no store of the engine is in it, so that an error
there cannot hide here. The state of a day follows from the winners by ``rules.state``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from catalogue.envelope import SET_MARK, Envelope, Op, RecordKey
from rules.merge import Record
from rules.state import RecordIdentity

_REGISTRATION = "market.registration"
_MARK_PAYLOAD = b"\x00"  # null, the union's first branch


@dataclass(frozen=True, slots=True)
class FoldedSubject:
    """What all events of one subject come to; the marks of whole sets are among ``winners``."""

    winners: Mapping[RecordIdentity, Record] = field(default_factory=dict)
    name: str | None = None
    """By the newest version of the registration; where none is registered, by the newest event of all."""


def fold(events: Iterable[Record]) -> FoldedSubject:
    """Return the winning version of every record of one subject; the order of ``events`` does not matter.

    An event of a whole set is a version of the set's mark, too. Of an event that is there twice the first stays,
    because encryption gives other bytes each time.
    """
    versions: dict[RecordIdentity, list[Record]] = {}
    naming: list[Envelope] = []
    for event in events:
        if event.envelope.subject_name:
            naming.append(event.envelope)
        versions.setdefault(_identity(event), []).append(event)
        if event.envelope.replaces_set and event.envelope.op != Op.WITHDRAW:
            mark = Record(_mark(event.envelope), 0, _MARK_PAYLOAD)
            versions.setdefault(_identity(mark), []).append(mark)
    naming = [one for one in naming if one.item == _REGISTRATION] or naming
    naming.sort(key=lambda one: (_version(one), one.subject_name))
    winners = {key: _highest(own) for key, own in versions.items()}
    return FoldedSubject(winners, naming[-1].subject_name if naming else None)


def _identity(event: Record) -> RecordIdentity:
    return event.envelope.item, event.envelope.record_key


def _mark(envelope: Envelope) -> Envelope:
    # Of a record whose key begins with its period, the set is that period's.
    own = envelope.period is not None and envelope.record_key.startswith(envelope.period + "|")
    key = RecordKey(f"{SET_MARK}#{envelope.period}") if own else SET_MARK
    return envelope._replace(op=Op.NIL, record_key=key, period=None, content_hash="", unread_fields=())


def _version(envelope: Envelope) -> tuple[datetime, datetime, int, str]:
    return envelope.source_time, envelope.as_of, envelope.revision, envelope.content_hash


def _highest(versions: list[Record]) -> Record:
    by_version = sorted(versions, key=lambda one: _version(one.envelope))
    equals = [one for one in versions if _version(one.envelope) == _version(by_version[-1].envelope)]
    return min(equals, key=lambda one: one.envelope.event_id)
