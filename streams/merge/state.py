"""A subject's state: what the next one is computed from, its hash, and the form in which the store keeps it.

The store's form is ``marshal``'s, which is read several times faster than Avro. A state that was restored from its
topic is Avro until it is next written.
"""

import hashlib
import marshal
from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, NamedTuple

from catalogue.times import from_micros, micros
from rules.indicators.definitions import millionths
from rules.merge import Name

# Confluent's magic byte, with which marshal begins no tuple.
_AVRO = 0


class SubjectState(NamedTuple):
    """The part of a subject's state that the next one is computed from; its mappings are never changed."""

    name: Name | None = None
    sequence: int = 0
    as_of: date = date.min
    digest: int = 0
    indicators: Mapping[str, int | None] = MappingProxyType({})  # in millionths
    counts: Mapping[str, int] = MappingProxyType({})

    @property
    def subject_name(self) -> str | None:
        """What the subject is called."""
        return self.name and self.name.text


def state_hash(state: SubjectState) -> str:
    """Return the hash over the winning records and the indicators of one subject; dates and sequence are outside."""
    return hash_of(state.digest, sorted(state.indicators.items()))


def hash_of(digest: int, indicators: list[tuple[str, int | None]]) -> str:
    """Return the hash of a state with this digest of its records and these indicators, sorted, in millionths."""
    lines = "".join([f"\n{name} {'' if value is None else value}" for name, value in indicators])
    return hashlib.sha256(f"{digest:032x}{lines}".encode()).hexdigest()


def pack(state: SubjectState) -> bytes:
    """Return a state as the store keeps it."""
    name = state.name and (state.name.registered, micros(state.name.source_time), *state.name[2:])
    return marshal.dumps(
        (name, state.sequence, state.as_of.toordinal(), state.digest, dict(state.indicators), dict(state.counts))
    )


def unpack(raw: bytes, decode: Callable[[bytes], Mapping[str, Any]]) -> SubjectState:
    """Return a state that the store kept, packed or as it was restored; ``decode`` reads the messages of its topic."""
    if raw[0] != _AVRO:
        name, sequence, as_of, digest, indicators, counts = marshal.loads(raw)
        if name is not None:
            name = Name(name[0], from_micros(name[1]), *name[2:])
        return SubjectState(name, sequence, date.fromordinal(as_of), digest, indicators, counts)
    state = decode(raw)
    by, text = state.get("named_by"), state["subject_name"]
    return SubjectState(
        None if by is None else Name(by["registered"], by["source_time"], by["revision"], by["content_hash"], text),
        state["sequence"],
        state["as_of"],
        int(state["records_digest"], 16),
        {name: None if value is None else millionths(value) for name, value in state["indicators"].items()},
        state["counts"],
    )
