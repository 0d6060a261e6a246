"""Up to where each recipient was told of a subject: the last sequence, and by what it was told."""

import functools
import marshal
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from rules.release.entitlement import NOTHING, Access, Entitlement, Opening

_TO_THE_END = ""
# Confluent's magic byte, with which marshal begins no tuple.
_AVRO = 0
# An enumeration is slow to ask, and each opening has one.
_ACCESS = {one.value: one for one in Access}


class ToldPart(NamedTuple):
    """The records of a subject up to a place, in the order of the store, were told by an entitlement.

    ``upto``: item and record key with a NUL between, the last one that was; empty: all that are left.
    """

    upto: str
    entitlement: Entitlement


class Mark(NamedTuple):
    """What one recipient was told of a subject: it has more than one part only while a snapshot is told."""

    sequence: int
    told: tuple[ToldPart, ...]

    @property
    def is_whole(self) -> bool:
        """Whether no snapshot is being told."""
        return len(self.told) == 1

    @property
    def entitlement(self) -> Entitlement:
        """By which it was told last, or is being told."""
        return self.told[0].entitlement

    def of(self, place: str) -> Entitlement:
        """Return by which the record at a place was told."""
        return next(one.entitlement for one in self.told if not one.upto or place <= one.upto)

    def moved(self, sequence: int, upto: str, entitlement: Entitlement) -> "Mark":
        """Return it told anew up to a place; empty: to the end."""
        if not upto:
            return Mark(sequence, (ToldPart(_TO_THE_END, entitlement),))
        rest = tuple(one for one in self.told if not one.upto or one.upto > upto)
        return Mark(sequence, (ToldPart(upto, entitlement), *rest))


UNTOLD = Mark(0, (ToldPart(_TO_THE_END, NOTHING),))
Marks = Mapping[str, Mark]
"""By recipient."""


def pack_marks(marks: Marks) -> bytes:
    """Return marks as the store keeps them: they are asked for each change, and Avro takes four times as long."""
    places: dict[Entitlement, int] = {}
    recipients = [
        (name, mark.sequence, [(part.upto, places.setdefault(part.entitlement, len(places))) for part in mark.told])
        for name, mark in marks.items()
    ]
    entitlements: list[Any] = [
        (
            one.policy,
            one.is_subscribed,
            one.categories,
            [(o.item, str(o.access), o.consents, o.as_of) for o in one.openings],
        )
        for one in places
    ]
    return marshal.dumps((entitlements, recipients))


def unpack_marks(raw: bytes, decode: Callable[[bytes], Mapping[str, Any]]) -> dict[str, Mark]:
    """Return the marks that the store kept, packed or as ``release.sequence.v1`` has them, which ``decode`` reads."""
    if raw[0] == _AVRO:
        return read_marks(decode(raw))
    packed, recipients = marshal.loads(raw)
    entitlements = [_entitlement(*one) for one in packed]
    return {
        name: Mark(sequence, tuple([ToldPart(upto, entitlements[place]) for upto, place in told]))
        for name, sequence, told in recipients
    }


def read_marks(value: Mapping[str, Any]) -> dict[str, Mark]:
    """Return the marks of a value of ``release.sequence.v1``."""
    entitlements = [
        _entitlement(
            one["policy"], one["is_subscribed"], tuple(one["categories"]),
            [(o["item"], o["access"], tuple(o["consents"]), o["as_of"]) for o in one["openings"]],
        )
        for one in value["entitlements"]
    ]  # fmt: skip
    return {
        one["recipient"]: Mark(
            one["sequence"], tuple(ToldPart(told["upto"], entitlements[told["entitlement"]]) for told in one["told"])
        )
        for one in value["recipients"]
    }


def _entitlement(
    policy: int, is_subscribed: bool, categories: tuple[str, ...], openings: Sequence[tuple[str, str, Any, int]]
) -> Entitlement:
    if not openings:
        return _closed(policy, is_subscribed, categories)
    opened = [Opening(item, _ACCESS[access], consents, as_of) for item, access, consents, as_of in openings]
    return Entitlement(policy, is_subscribed, categories, tuple(opened))


# Most enterprises consent to nothing and have the same few; equal ones that are the same object are compared at once.
@functools.lru_cache(maxsize=4096)
def _closed(policy: int, is_subscribed: bool, categories: tuple[str, ...]) -> Entitlement:
    return Entitlement(policy, is_subscribed, categories)
