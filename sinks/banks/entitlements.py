"""What each recipient may see of an enterprise at a moment: law, the providers' permissions, and consent."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import NamedTuple

from rules.release.consent.lifecycle import Consent, in_force
from rules.release.consent.scope import Scope, scope_of
from rules.release.entitlement import (
    Entitlement,
    ItemStatus,
    openings_of,
    status_of,
)
from rules.release.labels import LabelPolicy
from rules.release.recipient_messages import RecipientVersion
from rules.release.recipients import RecipientKind, is_subscribed


class SubjectStanding(NamedTuple):
    """What counts for an enterprise at a moment; ``entitlements``: by recipient."""

    entitlements: Mapping[str, Entitlement]
    scope: Scope
    consents: tuple[Consent, ...]


class Entitlements:
    """The entitlements by one label policy on one day; ``recipients``: all, with those that were removed."""

    def __init__(self, policy: LabelPolicy, recipients: Mapping[str, RecipientVersion], day: date) -> None:
        self._policy, self._recipients = policy, recipients
        self._permitted = {kind: policy.labels.permitted_to(kind, day) for kind in RecipientKind}
        self._needs_entries = any(one.definition.portfolio.is_list for one in recipients.values())
        # Most enterprises consent to nothing: they have these, by whether the recipient is told of them.
        self._shared: dict[Entitlement, Entitlement] = {}
        self._plain = {
            name: (self._closed(one, is_told=False), self._closed(one, is_told=True))
            for name, one in recipients.items()
        }
        self._statuses: dict[tuple[str, Entitlement], tuple[ItemStatus, ...]] = {}

    def _closed(self, recipient: RecipientVersion, *, is_told: bool) -> Entitlement:
        categories = recipient.definition.categories
        made = Entitlement(self._policy.version, is_told, tuple(sorted(categories or ())))
        # Equal ones are one object: so they are compared at once.
        return self._shared.setdefault(made, made)

    def basis(self) -> str:
        """Return what counts for all enterprises alike; where it is another one, everybody is to be looked at."""
        versions = sorted((name, one.version) for name, one in self._recipients.items())
        permitted = sorted((kind.value, sorted(items)) for kind, items in self._permitted.items())
        return repr((self._policy.version, versions, permitted))

    @property
    def needs_entries(self) -> bool:
        """Whether it matters which recipients' lists have an enterprise."""
        return self._needs_entries

    def of(
        self, subject: str, consents: tuple[Consent, ...], entries: Mapping[str, tuple[int, bool]], moment: datetime
    ) -> SubjectStanding:
        """Return what counts for an enterprise at a moment of the day."""
        scope: Scope = scope_of(consents, moment) if consents else {}
        consenting = {one.terms.recipient for one in consents if in_force(one, moment)}
        found = {}
        for name, one in self._recipients.items():
            has_consent = name in consenting
            closed = self._plain[name][self._is_told(one, subject, entries, has_consent=has_consent)]
            if closed.is_subscribed and has_consent:
                closed = closed._replace(openings=openings_of(name, scope, self._permitted[one.definition.kind]))
            found[name] = closed
        return SubjectStanding(found, scope, consents)

    def _is_told(
        self, one: RecipientVersion, subject: str, entries: Mapping[str, tuple[int, bool]], *, has_consent: bool
    ) -> bool:
        if one.is_removed:
            return False
        is_entry = entries.get(one.recipient, (0, False))[1]
        return is_subscribed(one.definition, subject, is_entry=is_entry, has_consent=has_consent)

    def statuses(self, recipient: str, entitlement: Entitlement, scope: Scope) -> tuple[ItemStatus, ...]:
        """Return what a recipient is told of each item of the list."""
        key = recipient, entitlement
        if not scope and key in self._statuses:
            return self._statuses[key]
        permitted = self._permitted[self._recipients[recipient].definition.kind]
        labels = self._policy.labels
        found = tuple(
            status_of(recipient, entitlement, scope, permitted, item.id, labels.plans.get(item.id))
            for item in labels.items
        )
        if not scope:
            self._statuses[key] = found
        return found
