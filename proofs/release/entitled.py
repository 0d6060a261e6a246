"""Who may see what of an enterprise at a step's moment: the plain definition, one recipient after the other."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from catalogue.times import business_date
from proofs.release.known import Consents, Recipients
from rules.release.consent.lifecycle import in_force
from rules.release.consent.scope import scope_of
from rules.release.entitlement import Entitlement, ItemStatus, lost_by, openings_of, status_of
from rules.release.labels import Labels
from rules.release.reasons import WithdrawalReason
from rules.release.recipients import RecipientKind, is_subscribed

LabelsOf = Callable[[int], Labels]
"""Returns the labels of a version."""


class Moment(NamedTuple):
    """What a step counts by."""

    policy: int
    at: datetime


class EntitlementsAt:
    """The entitlements at one moment, by what is known then."""

    def __init__(self, moment: Moment, labels: Labels, recipients: Recipients, consents: Consents) -> None:
        self._moment, self._labels = moment, labels
        self._recipients, self._consents = recipients, consents
        self._permitted: dict[RecipientKind, frozenset[str]] = {}

    def of(self, recipient: str, subject: str) -> Entitlement:
        """Return what a recipient may see of an enterprise."""
        version, at = self._recipients.versions[recipient], self._moment.at
        definition = version.definition
        consents = self._consents.of(subject)
        has_consent = any(one.terms.recipient == recipient and in_force(one, at) for one in consents)
        is_entry = self._recipients.is_entry(recipient, subject)
        is_told = not version.is_removed and is_subscribed(
            definition, subject, is_entry=is_entry, has_consent=has_consent
        )
        openings = openings_of(recipient, scope_of(consents, at), self._permitted_to(definition.kind))
        categories = tuple(sorted(definition.categories or ()))
        return Entitlement(self._moment.policy, is_told, categories, openings if is_told else ())

    def statuses(self, recipient: str, subject: str, now: Entitlement) -> list[ItemStatus]:
        """Return what a recipient is told of each item of the list."""
        scope = scope_of(self._consents.of(subject), self._moment.at)
        permitted = self._permitted_to(self._recipients.versions[recipient].definition.kind)
        plans = self._labels.plans
        return [status_of(recipient, now, scope, permitted, item.id, plans.get(item.id)) for item in self._labels.items]

    def lost(self, recipient: str, subject: str, told: Entitlement, now: Entitlement, item: str) -> WithdrawalReason:
        """Return why a recipient sees less of an item than it was told."""
        return lost_by(recipient, told, now, scope_of(self._consents.of(subject), self._moment.at), item)

    def _permitted_to(self, kind: RecipientKind) -> frozenset[str]:
        if kind not in self._permitted:
            self._permitted[kind] = self._labels.permitted_to(kind, business_date(self._moment.at))
        return self._permitted[kind]
