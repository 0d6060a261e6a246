"""The values of a subject's indicators, group by group: as the store keeps them, and their digest."""

import hashlib
import marshal
from collections.abc import Callable, Mapping
from typing import Any

from rules.indicators.facts import millionths

Values = Mapping[str, int | None]
"""In millionths, by the indicators' ids."""
# Confluent's magic byte, with which marshal begins no dict.
_AVRO = 0


def digest_of(group: str, values: Values) -> int:
    """Return the digest of one group's values; a state holds the sum of all. Without values it is 0."""
    if not values:
        return 0
    lines = "".join([f"\n{name} {'' if value is None else value}" for name, value in sorted(values.items())])
    return int.from_bytes(hashlib.sha256(f"{group}{lines}".encode()).digest()[:16], "big")


def pack_values(values: Values) -> bytes:
    """Return values as the store keeps them."""
    return marshal.dumps(dict(values))


def unpack_values(raw: bytes, decode: Callable[[bytes], Mapping[str, Any]]) -> Values:
    """Return values that the store kept, packed or as they were restored from their topic, which ``decode`` reads."""
    if raw[0] != _AVRO:
        packed: Values = marshal.loads(raw)
        return packed
    said = decode(raw)["indicators"]
    return {name: None if value is None else millionths(value) for name, value in said.items()}
