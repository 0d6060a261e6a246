"""Up to where each recipient was told of a subject: the last sequence, and by what it was told."""

import functools
from collections.abc import Mapping
from typing import Any, NamedTuple

from rules.release.entitlement import NOTHING, Access, Entitlement, Opening

_TO_THE_END = ""


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


def read_marks(value: Mapping[str, Any]) -> dict[str, Mark]:
    """Return the marks of a value of ``release.sequence.v1``."""
    entitlements = [
        _entitlement(
            (
                one["policy"],
                one["is_subscribed"],
                tuple(one["categories"]),
                tuple((o["item"], o["access"], tuple(o["consents"]), o["as_of"]) for o in one["openings"]),
            )
        )
        for one in value["entitlements"]
    ]
    return {
        one["recipient"]: Mark(
            one["sequence"], tuple(ToldPart(told["upto"], entitlements[told["entitlement"]]) for told in one["told"])
        )
        for one in value["recipients"]
    }


# Most enterprises have the same few, and equal ones that are the same object are compared at once.
@functools.lru_cache(maxsize=4096)
def _entitlement(plain: tuple[Any, ...]) -> Entitlement:
    policy, is_subscribed, categories, openings = plain
    return Entitlement(
        policy,
        is_subscribed,
        categories,
        tuple(Opening(item, Access(access), consents, as_of) for item, access, consents, as_of in openings),
    )
