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

from catalogue.times import EPOCH, from_micros, micros
from rules.indicators.facts import millionths
from rules.merge import Name
from rules.state import DIGEST_RULE

# Confluent's magic byte, with which marshal begins no tuple.
_AVRO = 0
BY_PERIOD, BY_LAW = 2, 3
# So many values has a state that was packed by the first rule.
_FIRST_PACKED = 6


class SubjectState(NamedTuple):
    """The part of a subject's state that the next one is computed from; its mappings are never changed.

    ``rule``: that of the digest, and of which records count.
    """

    name: Name | None = None
    sequence: int = 0
    as_of: date = date.min
    digest: int = 0
    indicators: int = 0
    """The sum of the digests of all values of the subject's indicators."""
    counts: Mapping[str, int] = MappingProxyType({})
    rule: int = DIGEST_RULE
    former: Mapping[str, int | None] = MappingProxyType({})
    """The indicators in millionths, of a state by the third rule or before."""

    @property
    def outdated(self) -> bool:
        """Whether it is by a former rule: all records of the subject are looked at."""
        return self.rule != DIGEST_RULE

    @property
    def subject_name(self) -> str | None:
        """What the subject is called."""
        return self.name and self.name.text


def state_hash(state: SubjectState) -> str:
    """Return the hash over the winning records and the indicators of one subject; dates and sequence are outside."""
    return hashlib.sha256(f"{state.digest:032x}\n{state.indicators:032x}".encode()).hexdigest()


def pack(state: SubjectState) -> bytes:
    """Return a state as the store keeps it."""
    by = state.name
    name = by and (by.registered, micros(by.source_time), micros(by.as_of), *by[3:])
    day, counts = state.as_of.toordinal(), dict(state.counts)
    return marshal.dumps((name, state.sequence, day, state.digest, state.indicators, counts, DIGEST_RULE))


def unpack(raw: bytes, decode: Callable[[bytes], Mapping[str, Any]]) -> SubjectState:
    """Return a state that the store kept, packed or as it was restored; ``decode`` reads the messages of its topic."""
    if raw[0] != _AVRO:
        packed = marshal.loads(raw)
        name, sequence, as_of, digest, indicators, counts = packed[:_FIRST_PACKED]
        (rule,) = packed[_FIRST_PACKED:] or (1,)
        if name is not None:
            registered, source_time, *rest = name
            # The first rule's names had no data time.
            said = EPOCH if rule == 1 else from_micros(rest.pop(0))
            name = Name(registered, from_micros(source_time), said, *rest)
        day = date.fromordinal(as_of)
        if rule == DIGEST_RULE:
            return SubjectState(name, sequence, day, digest, indicators, counts)
        return SubjectState(name, sequence, day, digest, 0, counts, rule, indicators)
    state = decode(raw)
    by, text = state.get("named_by"), state["subject_name"]
    if by is not None:
        stamp = (by["source_time"], by.get("as_of", EPOCH), by["revision"], by["content_hash"])
        by = Name(by["registered"], *stamp, text)
    return SubjectState(
        by,
        state["sequence"],
        state["as_of"],
        int(state["records_digest"], 16),
        int(state.get("indicators_digest") or "0", 16),
        state["counts"],
        state["digest_rule"],
        {name: None if value is None else millionths(value) for name, value in state.get("indicators", {}).items()},
    )
