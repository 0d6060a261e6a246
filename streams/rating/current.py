"""The rating of an enterprise that counts now: what the next one is compared with, and what lists are decided from."""

import marshal
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, NamedTuple

from rules.lists.membership import RatedFacts

# Confluent's magic byte, with which marshal begins no tuple.
_AVRO = 0
BY_A_FORMER_STORE = 0
"""The ``day`` of a rating that was packed before lists were decided: lists cannot be decided from it."""


class CurrentRating(NamedTuple):
    """The part of a published rating that the next one, and the lists, need."""

    sequence: int
    hash: str
    score: int
    grade: str
    day: int = BY_A_FORMER_STORE
    """The ordinal of the business date on which it became so."""
    waits: bool = False
    vetoes: tuple[str, ...] = ()
    review: int = 0

    @property
    def facts(self) -> RatedFacts:
        """What lists look at."""
        return RatedFacts(self.score, self.grade, self.waits, self.vetoes, self.review > 0)


def pack(current: CurrentRating) -> bytes:
    """Return it as the store keeps it."""
    return marshal.dumps(tuple(current))


def unpack(raw: bytes, decode: Callable[[bytes], Mapping[str, Any]]) -> CurrentRating:
    """Return what the store kept, packed or as it was restored from ``credit.rating.v1``, which ``decode`` reads."""
    if raw[0] != _AVRO:
        packed = CurrentRating(*marshal.loads(raw))
        # Published once more when its subject is touched, and whole from then on.
        return packed._replace(hash="") if packed.day == BY_A_FORMER_STORE else packed
    value = decode(raw)
    as_of: date = value["as_of"]
    return CurrentRating(
        value["sequence"],
        value["hash"],
        value["score"],
        value["grade"],
        as_of.toordinal(),
        value["waits_for"] != "",
        tuple(veto["id"] for veto in value["vetoes"]),
        value["review"],
    )
