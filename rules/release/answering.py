"""Whether a recipient is answered about an enterprise: law, the provider's permission, and consent, for one purpose.

What the topics tell is decided by ``rules.release.entitlement``. Here somebody asks, and says what for: so a refusal
says why, by the same rules and the same words. Nothing of it depends on which records or values there are.
"""

import functools
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from catalogue.times import business_date
from rules.release.consent.lifecycle import Consent, in_force
from rules.release.consent.scope import Scope, ScopeAnswer, ScopeRefusal, Wish, answer_to, scope_of
from rules.release.consent.terms import DataUse, Mode, Purpose
from rules.release.entitlement import why_not
from rules.release.labels import Labels
from rules.release.recipients import RecipientDefinition, is_subscribed


class AnswerRefusal(StrEnum):
    """Why a recipient is not answered; the guide lists them, and each keeps its meaning."""

    NO_CONSENT = "NO_CONSENT"
    CONSENT_PAUSED = "CONSENT_PAUSED"
    CONSENT_EXPIRED = "CONSENT_EXPIRED"
    CONSENT_REVOKED = "CONSENT_REVOKED"
    PURPOSE_MISMATCH = "PURPOSE_MISMATCH"
    """The enterprise consented, but for another purpose or use than the one that is stated."""
    NOT_SUBSCRIBED = "NOT_SUBSCRIBED"
    """The item, or the enterprise, is not the recipient's."""
    NO_PROVIDER_PERMISSION = "NO_PROVIDER_PERMISSION"
    PERSONAL = "PERSONAL"
    """Nothing of it is ever handed out by an enterprise's consent."""
    FREQUENCY_EXCEEDED = "FREQUENCY_EXCEEDED"
    """About this enterprise enough was asked today."""


class StatedPurpose(NamedTuple):
    """What a recipient says that it asks for."""

    purpose: Purpose
    use: DataUse


class AnswerRight(NamedTuple):
    """How far a recipient may use an item; ``refusal`` None: as it wishes.

    ``consents``: by which, sorted; none where it needs none. ``is_public_left``: whether, though it is refused, what
    needs no consent of the item may be shown.
    """

    refusal: AnswerRefusal | None
    consents: tuple[str, ...] = ()
    is_public_left: bool = False


@dataclass(frozen=True)
class AskingRecipient:
    """A recipient that asks about one enterprise, at a moment.

    ``is_entry``: whether its list has the enterprise. ``consents``: those of the enterprise, to whomever.
    """

    definition: RecipientDefinition
    labels: Labels
    subject: str
    is_entry: bool
    consents: tuple[Consent, ...]
    moment: datetime

    @functools.cached_property
    def is_told(self) -> bool:
        """Whether the enterprise is one of those of which it is told."""
        has_consent = any(in_force(one, self.moment) for one in self._own)
        return is_subscribed(self.definition, self.subject, is_entry=self.is_entry, has_consent=has_consent)

    @functools.cached_property
    def _own(self) -> tuple[Consent, ...]:
        return tuple(one for one in self.consents if one.terms.recipient == self.definition.id)

    @functools.cached_property
    def _scopes(self) -> Mapping[Purpose, Scope]:
        # Asked for each of the items of the list.
        return {
            purpose: scope_of((one for one in self._own if one.terms.purpose is purpose), self.moment)
            for purpose in Purpose
        }

    def right_to(self, item: str, mode: Mode, stated: StatedPurpose) -> AnswerRight:
        """Return how far it may use an item, for what it states."""
        plan = self.labels.plans.get(item)
        if plan is None:
            return AnswerRight(AnswerRefusal.PERSONAL)
        if not self._takes(item):
            return AnswerRight(AnswerRefusal.NOT_SUBSCRIBED)
        if not plan.projection.opens:
            return AnswerRight(None)
        is_public_left = not plan.projection.is_blind
        consent = self._consented(item, mode, stated)
        if consent.refusal is not None:
            return AnswerRight(self._why_not(item, mode, stated, consent.refusal), (), is_public_left)
        if not self._is_permitted(item):
            return AnswerRight(AnswerRefusal.NO_PROVIDER_PERMISSION, (), is_public_left)
        return AnswerRight(None, consent.numbers)

    def right_to_public(self, items: Iterable[str]) -> AnswerRefusal | None:
        """Return why it may not know what is public of these items; None: it may."""
        return None if all(map(self._takes, items)) else AnswerRefusal.NOT_SUBSCRIBED

    def lost(self, item: str, numbers: Collection[str]) -> AnswerRefusal | None:
        """Return why it may not have any more what was released to it by these consents; None: it may.

        Where none is named, nothing was needed but that the item is the recipient's; without an item, that the
        enterprise is.
        """
        if not item:
            return None if self.is_told else AnswerRefusal.NOT_SUBSCRIBED
        if item not in self.labels.plans:
            return AnswerRefusal.PERSONAL
        if not self._takes(item):
            return AnswerRefusal.NOT_SUBSCRIBED
        if not numbers:
            return None
        # Another consent may have come since. It lets the recipient have what counts now, not what counted then.
        scope = scope_of((one for one in self._own if one.terms.number in numbers), self.moment)
        refusal = why_not(self.definition.id, scope, item)
        if refusal is not None:
            return _of_scope(refusal)
        return None if self._is_permitted(item) else AnswerRefusal.NO_PROVIDER_PERMISSION

    def _takes(self, item: str) -> bool:
        return self.is_told and self.definition.takes(item.partition(".")[0])

    def _is_permitted(self, item: str) -> bool:
        day = business_date(self.moment)
        return self.labels.permitted_until(item, self.definition.kind, day) is not None

    def _consented(self, item: str, mode: Mode, stated: StatedPurpose) -> ScopeAnswer:
        return answer_to(self._scopes[stated.purpose], Wish(self.definition.id, item, mode, stated.use))

    def _why_not(self, item: str, mode: Mode, stated: StatedPurpose, refusal: ScopeRefusal) -> AnswerRefusal:
        others = (StatedPurpose(purpose, use) for purpose in Purpose for use in DataUse)
        if any(self._consented(item, mode, one).refusal is None for one in others if one != stated):
            return AnswerRefusal.PURPOSE_MISMATCH
        return _of_scope(refusal)


def _of_scope(refusal: ScopeRefusal) -> AnswerRefusal:
    return AnswerRefusal(refusal.value)
