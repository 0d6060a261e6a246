"""What active consents open, and until when: as little as the decision about each change needs of them.

Tests hold it equal to the scope (``rules.release.consent.scope``), which says more and takes far longer.
"""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from catalogue.times import micros
from rules.release.consent.lifecycle import Consent, State
from rules.release.consent.terms import Mode
from rules.release.entitlement import Access, Opening

_ACCESS = {Mode.STREAM: str(Access.STREAMED), Mode.STORE: str(Access.STORED)}


class Grant(NamedTuple):
    """An active consent, in plain values; moments in microseconds of the wire.

    ``access``: how its items are seen; empty where it opens none, but lets questions be asked, or records be looked at.
    """

    number: str
    recipient: str
    access: str
    items: tuple[str, ...]
    start: int
    end: int
    post_loan: bool

    def is_in_force(self, at: int) -> bool:
        """Whether it is in force at a moment, for whatever use."""
        return self.start <= at and (self.post_loan or at < self.end)


def grants_of(consents: Iterable[Consent]) -> tuple[Grant, ...]:
    """Return what the active ones of some consents open."""
    return tuple(_grant(one) for one in consents if one.state is State.ACTIVE)


def openings_by(grants: Iterable[Grant], permitted: Collection[str]) -> tuple[Opening, ...]:
    """Return what grants that are in force open to a recipient; ``permitted``: the items that providers let it have.

    Of several grants of one item those count that allow most.
    """
    numbers: dict[Access, dict[str, list[str]]] = {Access.STORED: {}, Access.STREAMED: {}}
    for grant in grants:
        if grant.access:
            own = numbers[Access.STREAMED if grant.access == _ACCESS[Mode.STREAM] else Access.STORED]
            for item in grant.items:
                own.setdefault(item, []).append(grant.number)
    found = {
        item: Opening(item, access, tuple(sorted(own)))
        for access, by_item in numbers.items()
        for item, own in by_item.items()
        if item in permitted
    }
    return tuple([found[item] for item in sorted(found)])


def next_moment_of(grants: Iterable[Grant], at: int) -> int | None:
    """Return the first moment after this one at which a grant comes into force, or out of it; None: never."""
    return min((moment for one in grants for moment in (one.start, one.end) if moment > at), default=None)


def _grant(consent: Consent) -> Grant:
    terms = consent.terms
    return Grant(
        terms.number, terms.recipient, _ACCESS.get(terms.mode, ""), terms.items,
        micros(terms.start), micros(terms.end), terms.post_loan,
    )  # fmt: skip
