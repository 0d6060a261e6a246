"""What a recipient may see of a subject at a moment, as far as it depends on more than the record.

It is kept with what was told, so that whoever has to tell, or to prove, the difference to another one knows both.
"""

import functools
from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import NamedTuple

from rules.release.consent.scope import Scope, ScopeRefusal, Wish, answer_to
from rules.release.consent.terms import DataUse, Mode
from rules.release.plan import ReleasePlan
from rules.release.reasons import WithdrawalReason


class Access(StrEnum):
    """How much of an item's records a recipient sees."""

    NONE = "NONE"
    """Nothing: the item, or the enterprise, is not the recipient's."""
    PUBLIC = "PUBLIC"
    """What needs no consent."""
    STORED = "STORED"
    """By consent, as of the moment of the consent (STORE); of later versions what needs none."""
    STREAMED = "STREAMED"
    """By consent, whatever comes (STREAM)."""


class Opening(NamedTuple):
    """An item that consents open; ``consents``: their numbers, sorted.

    ``as_of``: of STORED, the offset of the changes as of which it was told; records that began to count later were not.
    """

    item: str
    access: Access
    consents: tuple[str, ...]
    as_of: int = 0

    def is_of(self, other: "Opening | None") -> bool:
        """Whether both are by the same consents, in the same way."""
        return other is not None and self[:3] == other[:3]


class Entitlement(NamedTuple):
    """What a recipient may see of one subject. Of equal ones equal things are told.

    ``categories``: those that it takes; empty: all. ``openings``: sorted by item.
    """

    policy: int
    is_subscribed: bool
    categories: tuple[str, ...] = ()
    openings: tuple[Opening, ...] = ()

    def access(self, item: str) -> Access:
        """Return how much of an item is seen; ``item``: its id, which begins with its category."""
        if not self._takes(item):
            return Access.NONE
        opening = self.opening(item)
        return Access.PUBLIC if opening is None else opening.access

    def _takes(self, item: str) -> bool:
        return self.is_subscribed and not (self.categories and item.partition(".")[0] not in self.categories)

    def opening(self, item: str) -> Opening | None:
        """Return what opens an item; None: nothing does."""
        return next((one for one in self.openings if one.item == item), None)

    def following(self, told: "Entitlement", as_of: int) -> "Entitlement":
        """Return it as it follows the one that was told last: what was stored then stays as of then.

        ``as_of``: as of which offset of the changes everything else is told.
        """
        if not any(one.access is Access.STORED for one in self.openings):
            return self
        former = {one.item: one for one in told.openings} if told.is_subscribed else {}
        return self._replace(openings=tuple(_following(one, former.get(one.item), as_of) for one in self.openings))

    def without_numbers(self) -> "Entitlement":
        """Return it without the consents by which it is: of equal ones the same is seen of each change."""
        if not self.openings:
            return self
        return self._replace(openings=_without_numbers(self.openings))

    def consents(self, item: str) -> tuple[str, ...]:
        """Return the numbers of the consents by which an item is told; none where it needs none."""
        opening = self.opening(item) if self._takes(item) else None
        return () if opening is None or opening.access is Access.NONE else opening.consents


NOTHING = Entitlement(0, False)
"""That of a recipient that was never told anything."""


# Those that are told of a change are mostly the same as at the last change.
@functools.lru_cache(maxsize=16_384)
def _without_numbers(openings: tuple[Opening, ...]) -> tuple[Opening, ...]:
    return tuple(one._replace(consents=()) for one in openings)


def _following(opening: Opening, former: Opening | None, as_of: int) -> Opening:
    if opening.access is not Access.STORED:
        return opening
    return former if former is not None and opening.is_of(former) else opening._replace(as_of=as_of)


_MODES = ((Mode.STREAM, Access.STREAMED), (Mode.STORE, Access.STORED))


def openings_of(recipient: str, scope: Scope, permitted: Iterable[str]) -> tuple[Opening, ...]:
    """Return what the consents of a subject open to a recipient; ``permitted``: the items that providers let it have.

    Of several consents to one item the one that allows most counts.
    """
    granted: dict[tuple[str, Mode], set[str]] = {}
    for wish, answer in scope.items():
        if wish.recipient == recipient and answer.numbers:
            granted.setdefault((wish.item, wish.mode), set()).update(answer.numbers)
    found = []
    for item in sorted({item for item, _ in granted}.intersection(permitted)):
        for mode, access in _MODES:
            if numbers := granted.get((item, mode)):
                found.append(Opening(item, access, tuple(sorted(numbers))))
                break
    return tuple(found)


def why_not(recipient: str, scope: Scope, item: str) -> ScopeRefusal | None:
    """Return why no consent opens an item to a recipient; None: one does, for STORE at least."""
    refusals = [answer_to(scope, Wish(recipient, item, Mode.STORE, use)).refusal for use in DataUse]
    if None in refusals:
        return None
    # An end says more than that there never was a consent.
    return next((one for one in refusals if one is not ScopeRefusal.NO_CONSENT), ScopeRefusal.NO_CONSENT)


def lost_by(recipient: str, told: Entitlement, now: Entitlement, scope: Scope, item: str) -> WithdrawalReason:
    """Return why less of an item is seen than was told."""
    if now.access(item) is Access.NONE:
        return WithdrawalReason.NOT_SUBSCRIBED
    if told.consents(item) and not now.consents(item):
        refusal = why_not(recipient, scope, item)
        return WithdrawalReason.NO_PROVIDER_PERMISSION if refusal is None else _OF_REFUSAL[refusal]
    return WithdrawalReason.LABEL_CHANGED


_OF_REFUSAL = {
    ScopeRefusal.NO_CONSENT: WithdrawalReason.CONSENT_EXPIRED,
    ScopeRefusal.CONSENT_PAUSED: WithdrawalReason.CONSENT_PAUSED,
    ScopeRefusal.CONSENT_EXPIRED: WithdrawalReason.CONSENT_EXPIRED,
    ScopeRefusal.CONSENT_REVOKED: WithdrawalReason.CONSENT_REVOKED,
}


class ProvisionStatus(StrEnum):
    """How much of an item a recipient is told, whether or not there are records of it."""

    AVAILABLE = "AVAILABLE"
    """All that is ever released of it."""
    STORED = "STORED"
    """All of it as of the moment of the consent, and what is public of what comes later."""
    PARTIAL = "PARTIAL"
    """What is public of it."""
    NONE = "NONE"
    """Nothing."""


class ItemStatus(NamedTuple):
    """What a recipient is told of an item; ``code``: why not all, empty where it is all."""

    item: str
    status: ProvisionStatus
    code: str
    consents: tuple[str, ...]


PERSONAL = "PERSONAL"


def status_of(
    recipient: str,
    entitlement: Entitlement,
    scope: Scope,
    permitted: Collection[str],
    name: str,
    plan: ReleasePlan | None,
) -> ItemStatus:
    """Return what a recipient is told of an item, and why not more; ``plan`` None: nothing is ever released of it."""
    if plan is None:
        return ItemStatus(name, ProvisionStatus.NONE, PERSONAL, ())
    access = entitlement.access(name)
    if access is Access.NONE:
        return ItemStatus(name, ProvisionStatus.NONE, WithdrawalReason.NOT_SUBSCRIBED, ())
    if not plan.projection.opens or access is Access.STREAMED:
        return ItemStatus(name, ProvisionStatus.AVAILABLE, "", entitlement.consents(name))
    if access is Access.STORED:
        return ItemStatus(name, ProvisionStatus.STORED, "", entitlement.consents(name))
    refusal = why_not(recipient, scope, name)
    code = WithdrawalReason.NO_PROVIDER_PERMISSION if refusal is None or name not in permitted else refusal
    return ItemStatus(
        name, ProvisionStatus.NONE if plan.projection.is_blind else ProvisionStatus.PARTIAL, code.value, ()
    )
