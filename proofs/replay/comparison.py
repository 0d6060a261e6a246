"""Compares what the topics hold of a subject with what its events come to; names each difference by its field."""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from catalogue.envelope import ENVELOPE_NAMES, PERSON_PREFIX, UNIT_PREFIX
from catalogue.errors import PoisonMessage
from proofs.replay.fold import FoldedSubject
from rules.merge import Record
from rules.state import ComputedState, DecodePayload, RecordIdentity

NONE = "none"


class StateDifference(NamedTuple):
    """One value that is not what it has to be: what the topics hold, and what was computed."""

    subject: str
    field: str
    held: str
    computed: str


def has_state(subject: str) -> bool:
    """Whether a subject is one that states are of: persons and reporting units have none."""
    return not subject.startswith((PERSON_PREFIX, UNIT_PREFIX))


def compare_records(
    subject: str, folded: FoldedSubject, held: Mapping[RecordIdentity, Record], decode: DecodePayload
) -> Iterator[StateDifference]:
    """Yield how the winning records differ from those of ``credit.record.v1``."""
    for key in sorted(folded.winners.keys() | held.keys()):
        name = f"record {key[0]} {key[1]}"
        wanted, found = folded.winners.get(key), held.get(key)
        if found is None:
            yield StateDifference(subject, name, NONE, "a record")
        elif wanted is None:
            yield StateDifference(subject, name, "a record", "none: no event tells of it")
        elif found != wanted:
            for field, one, other in _fields(found, wanted, decode):
                yield StateDifference(subject, f"{name}/{field}", shown(one), shown(other))


def compare_name(subject: str, held: str | None, folded: FoldedSubject) -> Iterator[StateDifference]:
    """Yield when a subject is not called as its registration calls it, or as the newest event does without one."""
    if held != folded.name:
        yield StateDifference(subject, "subject_name", shown(held), shown(folded.name))


def compare_state(subject: str, held: Mapping[str, Any], wanted: ComputedState) -> Iterator[StateDifference]:
    """Yield how a decoded state differs from what it has to hold as of its day."""
    yield from _compare_values(subject, held, wanted)
    for field, one, other in (
        ("records_digest", held["records_digest"], wanted.digest),
        ("indicators_digest", held["indicators_digest"], wanted.indicators_digest),
        ("hash", held["hash"], wanted.hash),
    ):
        if one != other:
            yield StateDifference(subject, field, one, other)


def compare_day(subject: str, held: Mapping[str, Any], wanted: ComputedState, day: date) -> Iterator[StateDifference]:
    """Yield what moved with the calendar by ``day``, while the state did not."""
    for one in _compare_values(subject, held, wanted):
        yield one._replace(field=f"{one.field} on {day.isoformat()}")


def _compare_values(subject: str, held: Mapping[str, Any], wanted: ComputedState) -> Iterator[StateDifference]:
    yield from _compare_map(subject, "indicator", held["indicators"], wanted.indicators)
    yield from _compare_map(subject, "count", held["counts"], wanted.counts)


def shown(value: Any) -> str:
    """Return a value as the command prints it; of an encrypted one no more than whether two are equal."""
    if value is None:
        return NONE
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, bytes):
        return f"{len(value)} bytes, SHA-256 {hashlib.sha256(value).hexdigest()[:12]}"
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, list):
        return "[" + ", ".join(map(shown, value)) + "]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {shown(one)}" for name, one in value.items()) + "}"
    return str(value)


def _compare_map(
    subject: str, what: str, held: Mapping[str, Any], wanted: Mapping[str, Any]
) -> Iterator[StateDifference]:
    for name in sorted(held.keys() | wanted.keys()):
        if name not in held or name not in wanted or held[name] != wanted[name]:
            one, other = (shown(of[name]) if name in of else "absent" for of in (held, wanted))
            yield StateDifference(subject, f"{what} {name}", one, other)


def _fields(held: Record, wanted: Record, decode: DecodePayload) -> Iterator[tuple[str, Any, Any]]:
    for name in ENVELOPE_NAMES:
        one, other = getattr(held.envelope, name), getattr(wanted.envelope, name)
        if one != other:
            yield name, one, other
    if held.schema_id != wanted.schema_id:
        yield "schema_id", held.schema_id, wanted.schema_id
    if held.payload == wanted.payload:
        return
    try:
        data, reported = decode(held.schema_id, held.payload) or {}, decode(wanted.schema_id, wanted.payload) or {}
    except PoisonMessage:
        data = reported = {}
    differing = [name for name in {**data, **reported} if data.get(name) != reported.get(name)]
    for name in differing:
        yield name, data.get(name), reported.get(name)
    if not differing:
        yield "payload", held.payload, wanted.payload
