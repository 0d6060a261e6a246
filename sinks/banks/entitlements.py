"""What each recipient may see of an enterprise at a moment: law, the providers' permissions, and consent."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from rules.release.consent.lifecycle import Consent
from rules.release.consent.scope import Scope
from rules.release.entitlement import Entitlement, ItemStatus, status_of
from rules.release.grants import Grant, openings_by
from rules.release.labels import LabelPolicy
from rules.release.recipient_messages import RecipientVersion
from rules.release.recipients import RecipientKind, Subscriptions

_MOST_ALIKE = 1024
"""Standings without consents that are kept to be had in common, where many lists have other enterprises each."""
_NOTHING_OPENED: Mapping[str, Entitlement] = {}


class SubjectStanding(Mapping[str, Entitlement]):
    """What counts for an enterprise at a moment, by recipient. Never changed: enterprises have most of it in common.

    ``subscribed``: who is told of the enterprise.
    """

    __slots__ = ("_closed", "_opened", "subscribed")

    def __init__(
        self,
        subscribed: frozenset[str],
        closed: Mapping[str, Entitlement],
        opened: Mapping[str, Entitlement] = _NOTHING_OPENED,
    ) -> None:
        self.subscribed, self._closed, self._opened = subscribed, closed, opened

    def __getitem__(self, name: str) -> Entitlement:
        return self._opened.get(name) or self._closed[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._closed)

    def __len__(self) -> int:
        return len(self._closed)

    def __contains__(self, name: object) -> bool:
        return name in self._closed

    def with_opened(self, opened: Mapping[str, Entitlement]) -> "SubjectStanding":
        """Return it with what consents open."""
        return SubjectStanding(self.subscribed, self._closed, opened) if opened else self


class Consented(NamedTuple):
    """What an enterprise consented to, as of a moment, with its consents."""

    scope: Scope
    consents: tuple[Consent, ...]


class Entitlements:
    """The entitlements by one label policy on one day; ``recipients``: all, with those that were removed."""

    def __init__(self, policy: LabelPolicy, recipients: Mapping[str, RecipientVersion], day: date) -> None:
        self._policy, self._recipients = policy, recipients
        self._permitted = {kind: policy.labels.permitted_to(kind, day) for kind in RecipientKind}
        self._subscriptions = Subscriptions(one.definition for one in recipients.values() if not one.is_removed)
        # Most enterprises consent to nothing: they have these, by whether the recipient is told of them.
        self._shared: dict[Entitlement, Entitlement] = {}
        self._plain = {
            name: (self._closed(one, is_told=False), self._closed(one, is_told=True))
            for name, one in recipients.items()
        }
        self._alike: dict[frozenset[str], SubjectStanding] = {}
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
        return self._subscriptions.has_lists

    def of(self, subject: str, grants: Sequence[Grant], listed: Collection[str], at: int) -> SubjectStanding:
        """Return what counts for an enterprise at a moment of the day, in microseconds of the wire.

        ``grants``: its consents that are active; ``listed``: the recipients whose lists have it.
        """
        own: dict[str, list[Grant]] = {}
        for grant in grants:
            if grant.is_in_force(at):
                own.setdefault(grant.recipient, []).append(grant)
        standing = self._closed_to_all(self._subscriptions.of(subject, listed, own))
        opened = {}
        for name in standing.subscribed.intersection(own):
            permitted = self._permitted[self._recipients[name].definition.kind]
            opened[name] = standing[name]._replace(openings=openings_by(own[name], permitted))
        return standing.with_opened(opened)

    def _closed_to_all(self, subscribed: frozenset[str]) -> SubjectStanding:
        """Return what counts where no consent does."""
        found = self._alike.get(subscribed)
        if found is None:
            if len(self._alike) >= _MOST_ALIKE:
                self._alike.clear()
            closed = {name: self._plain[name][name in subscribed] for name in self._plain}
            found = self._alike[subscribed] = SubjectStanding(subscribed, closed)
        return found

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
