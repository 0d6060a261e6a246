"""The recipients, and which enterprises their lists have, as ``recipient.v1`` tells them."""

import marshal
from collections.abc import Iterator

from processing.output import StoreWrites
from processing.store import ReadableStore
from rules.release.handles import Handles
from rules.release.recipient_messages import PortfolioEntry, RecipientMessage, RecipientVersion, TopicLoss
from rules.release.recipients import read_definition
from sinks.banks import keys

Entries = dict[str, tuple[int, bool]]
"""By recipient: the version of its newest entry, and whether its list has the enterprise."""


class RecipientBook:
    """The recipients of one partition: all are in memory, their lists in the store and above it."""

    def __init__(self, store: ReadableStore) -> None:
        self._store = store
        self._versions: dict[str, RecipientVersion] = {}
        self._handles: dict[str, Handles] = {}
        self._entries: dict[str, Entries] = {}
        self._changed: set[str] = set()
        for _, raw in store.below(keys.RECIPIENTS):
            version, text, handle_key, is_removed = marshal.loads(raw)
            self._put(RecipientVersion(version, read_definition(text), handle_key, is_removed))

    def __iter__(self) -> Iterator[RecipientVersion]:
        return iter(self._versions.values())

    def take(self, said: RecipientMessage) -> bool:
        """Fold what was said; whether it says anything new of who is told what."""
        if isinstance(said, TopicLoss):
            return False  # which the proofs heed
        if isinstance(said, PortfolioEntry):
            own = dict(self.entries(said.subject))
            if said.version <= own.get(said.recipient, (0, False))[0]:
                return False
            own[said.recipient] = said.version, said.is_in
            self._entries[said.subject] = own
            return True
        known = self._versions.get(said.recipient)
        if known is not None and said.version <= known.version:
            return False
        self._put(said)
        self._changed.add(said.recipient)
        return True

    def entries(self, subject: str) -> Entries:
        """Return which recipients' lists have an enterprise."""
        if subject in self._entries:
            return self._entries[subject]
        raw = self._store.get(keys.of_subject(keys.ENTRIES, subject))
        return {} if raw is None else marshal.loads(raw)

    def listed(self, subject: str) -> list[str]:
        """Return the recipients whose lists have an enterprise."""
        return [name for name, (_, is_in) in self.entries(subject).items() if is_in]

    def handle(self, recipient: str, subject: str, item: str, record_key: str) -> str:
        """Return by what a recipient knows a record."""
        return self._handles[recipient](subject, item, record_key)

    def basis(self) -> list[tuple[str, int]]:
        """Return which version of each recipient counts."""
        return sorted((one.recipient, one.version) for one in self)

    def writes(self) -> StoreWrites:
        """Return what the store lacks of what was folded."""
        found: StoreWrites = {
            keys.of_subject(keys.ENTRIES, subject): marshal.dumps(own) for subject, own in self._entries.items()
        }
        for name in self._changed:
            one = self._versions[name]
            packed = one.version, one.definition.text(), one.handle_key, one.is_removed
            found[keys.of_subject(keys.RECIPIENTS, name)] = marshal.dumps(packed)
        return found

    def written(self) -> None:
        """Note that the store has what was folded."""
        self._entries, self._changed = {}, set()

    def _put(self, version: RecipientVersion) -> None:
        self._versions[version.recipient] = version
        self._handles[version.recipient] = Handles(version.handle_key)
