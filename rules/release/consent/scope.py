"""The scope: what each recipient may see at a moment, as a pure function of a subject's consents.

The one decision of everybody who hands out what needs consent. It depends on no order of the consents, and on nothing
but them and the moment.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from rules.release.consent.lifecycle import ActReason, Consent, State, uses
from rules.release.consent.terms import DataUse, Mode


class ScopeRefusal(StrEnum):
    """Why something is not in scope."""

    NO_CONSENT = "NO_CONSENT"
    CONSENT_PAUSED = "CONSENT_PAUSED"
    CONSENT_EXPIRED = "CONSENT_EXPIRED"
    CONSENT_REVOKED = "CONSENT_REVOKED"


class Wish(NamedTuple):
    """What a recipient wants to do with an item, and what for."""

    recipient: str
    item: str
    mode: Mode
    use: DataUse


class ScopeAnswer(NamedTuple):
    """By which consents a wish is granted, sorted by their numbers; where by none, why not."""

    numbers: tuple[str, ...] = ()
    refusal: ScopeRefusal | None = ScopeRefusal.NO_CONSENT


_NEVER = ScopeAnswer()
Scope = Mapping[Wish, ScopeAnswer]
"""Of every wish that some consent is or was about; any other has no consent."""


def scope_of(consents: Iterable[Consent], at: datetime) -> Scope:
    """Return the scope of one subject at a moment."""
    granted: dict[Wish, list[str]] = {}
    ended: dict[Wish, tuple[datetime, str, ScopeRefusal]] = {}
    for consent in consents:
        now = uses(consent, at)
        for wish in _wishes(consent):
            if wish.use in now:
                granted.setdefault(wish, []).append(consent.terms.number)
            elif (end := _ending(consent, wish.use, at)) is not None:
                # Of several that ended, what ended last is what the recipient knows.
                ended[wish] = max(ended.get(wish, end), end)
    refused = {wish: ScopeAnswer((), end[2]) for wish, end in ended.items()}
    return refused | {wish: ScopeAnswer(tuple(sorted(numbers)), None) for wish, numbers in granted.items()}


def answer_to(scope: Scope, wish: Wish) -> ScopeAnswer:
    """Return whether a wish is granted, by which consents, or why not."""
    return scope.get(wish, _NEVER)


def next_moment(consents: Iterable[Consent], at: datetime) -> datetime | None:
    """Return the first moment after this one at which the scope may differ although nobody acts; None: never."""
    moments = (moment for consent in consents for moment in (consent.terms.start, consent.terms.end) if moment > at)
    return min(moments, default=None)


def _wishes(consent: Consent) -> Iterable[Wish]:
    terms = consent.terms
    ticked = (DataUse.APPLICATION, DataUse.POST_LOAN) if terms.post_loan else (DataUse.APPLICATION,)
    modes = [mode for mode in Mode if terms.mode.allows(mode)]
    return (Wish(terms.recipient, item, mode, use) for item in terms.items for mode in modes for use in ticked)


def _ending(consent: Consent, use: DataUse, at: datetime) -> tuple[datetime, str, ScopeRefusal] | None:
    """Return when a consent stopped to be in force for a use, with its number and why; None: it never was."""
    number, term_ends = consent.terms.number, consent.terms.end
    if consent.signed_at is None:
        return None
    if consent.state is State.REVOKED:
        return consent.at, number, ScopeRefusal.CONSENT_REVOKED
    # Whether somebody wrote that the term is over makes no difference.
    if consent.state is State.EXPIRED and consent.reason is not ActReason.TERM_ENDED:
        return consent.at, number, ScopeRefusal.CONSENT_EXPIRED
    if use is DataUse.APPLICATION and at >= term_ends:
        return term_ends, number, ScopeRefusal.CONSENT_EXPIRED
    return (consent.at, number, ScopeRefusal.CONSENT_PAUSED) if consent.state is State.PAUSED else None
