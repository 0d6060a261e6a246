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

# Confluent's magic byte, with which marshal begins no tuple.
_AVRO = 0
# The rule by which digests are computed now, and by which records count; see ``digest_rule`` of the wire. By the first
# a whole set was its item's, whatever the period; by the second no record was ended by the law.
DIGEST_RULE = 3
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
    indicators: Mapping[str, int | None] = MappingProxyType({})  # in millionths
    counts: Mapping[str, int] = MappingProxyType({})
    rule: int = DIGEST_RULE

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
    return hash_of(state.digest, sorted(state.indicators.items()))


def hash_of(digest: int, indicators: list[tuple[str, int | None]]) -> str:
    """Return the hash of a state with this digest of its records and these indicators, sorted, in millionths."""
    lines = "".join([f"\n{name} {'' if value is None else value}" for name, value in indicators])
    return hashlib.sha256(f"{digest:032x}{lines}".encode()).hexdigest()


def pack(state: SubjectState) -> bytes:
    """Return a state as the store keeps it."""
    by = state.name
    name = by and (by.registered, micros(by.source_time), micros(by.as_of), *by[3:])
    day, values, counts = state.as_of.toordinal(), dict(state.indicators), dict(state.counts)
    return marshal.dumps((name, state.sequence, day, state.digest, values, counts, DIGEST_RULE))


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
        return SubjectState(name, sequence, date.fromordinal(as_of), digest, indicators, counts, rule)
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
        {name: None if value is None else millionths(value) for name, value in state["indicators"].items()},
        state["counts"],
        state["digest_rule"],
    )
