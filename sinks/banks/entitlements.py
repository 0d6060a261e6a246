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

Standing = Mapping[str, Entitlement]
"""What counts for an enterprise at a moment, by recipient. Never changed: enterprises have the same one in common."""
_MOST_ALIKE = 1024
"""Standings that are kept to be had in common, where many lists have other enterprises each."""


class Consented(NamedTuple):
    """What an enterprise consented to, as of a moment, with its consents."""

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
        self._alike: dict[tuple[bool, ...], Standing] = {}
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
    ) -> Standing:
        """Return what counts for an enterprise at a moment of the day."""
        consenting = {one.terms.recipient for one in consents if in_force(one, moment)}
        standing = self._closed_to_all(
            tuple(
                self._is_told(one, subject, entries, has_consent=name in consenting)
                for name, one in self._recipients.items()
            )
        )
        opened = {}
        for name in consenting & standing.keys():
            if standing[name].is_subscribed:
                scope = scope_of((one for one in consents if one.terms.recipient == name), moment)
                permitted = self._permitted[self._recipients[name].definition.kind]
                opened[name] = standing[name]._replace(openings=openings_of(name, scope, permitted))
        return {**standing, **opened} if opened else standing

    def _closed_to_all(self, told: tuple[bool, ...]) -> Standing:
        """Return what counts where no consent does; ``told``: whether each recipient is told of the enterprise."""
        found = self._alike.get(told)
        if found is None:
            if len(self._alike) >= _MOST_ALIKE:
                self._alike.clear()
            found = self._alike[told] = {
                name: self._plain[name][is_told] for name, is_told in zip(self._plain, told, strict=True)
            }
        return found

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
