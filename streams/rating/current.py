"""The rating of an enterprise that counts now: what the next one is compared with, as the store keeps it."""

import marshal
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

# Confluent's magic byte, with which marshal begins no tuple.
_AVRO = 0


class CurrentRating(NamedTuple):
    """The part of a published rating that the next one needs."""

    sequence: int
    hash: str
    score: int
    grade: str


def pack(current: CurrentRating) -> bytes:
    """Return it as the store keeps it."""
    return marshal.dumps(tuple(current))


def unpack(raw: bytes, decode: Callable[[bytes], Mapping[str, Any]]) -> CurrentRating:
    """Return what the store kept, packed or as it was restored from ``credit.rating.v1``, which ``decode`` reads."""
    if raw[0] != _AVRO:
        return CurrentRating(*marshal.loads(raw))
    value = decode(raw)
    return CurrentRating(*(value[name] for name in CurrentRating._fields))
