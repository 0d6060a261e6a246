"""Who may ask, and by what: recipients with their keys, their lists and their scorecards, as their topics say.

All of it is in memory, and follows the topics: who is removed, or has another key, is refused within a second or two.
"""

import threading
from collections.abc import Mapping
from sys import intern

from confluent_kafka import Message

from bus import topics
from bus.avro.decoding import Decoder
from catalogue.errors import Unavailable
from portal.recipients.cards import CardKey, CardVersion, card_version
from rules.release.followed_labels import FollowedLabels
from rules.release.labels import Labels
from rules.release.recipient_messages import (
    PortfolioEntry,
    RecipientMessage,
    RecipientVersion,
    recipient_message,
)

FOLLOWED = (topics.RECIPIENT, topics.SCORECARD, topics.LABEL_POLICY)


class RecipientDirectory:
    """Safe to use from several threads; ``take`` is called by one."""

    def __init__(self, labels: Labels, decode: Decoder) -> None:
        """``labels`` are those of this process, by which alone it answers."""
        self._labels, self._decode = FollowedLabels(labels, topics.LABEL_POLICY), decode
        self._lock = threading.Lock()
        self._recipients: dict[str, RecipientVersion] = {}
        self._lists: dict[str, set[str]] = {}
        self._cards: dict[CardKey, CardVersion] = {}
        self._is_open = False

    def opened(self) -> None:
        """Note that everything up to now was taken: from here on it answers."""
        self._is_open = True

    def take(self, topic: str, message: Message) -> None:
        """Take a message of a topic (named without prefix), each partition's in order; one that came already, too.

        Raises PoisonMessage for one that says nothing, Unavailable while the registry is away.
        """
        raw = message.value() or b""
        value = self._decode(raw)
        with self._lock:
            if topic == topics.LABEL_POLICY:
                self._labels.take(value)
            elif topic == topics.SCORECARD:
                card = card_version(value)
                if card.version > (known.version if (known := self._cards.get(card.key)) else 0):
                    self._cards[card.key] = card
            else:
                self._take_recipient(recipient_message(self._decode.name(raw), value))

    def _take_recipient(self, said: RecipientMessage) -> None:
        if isinstance(said, RecipientVersion):
            known = self._recipients.get(said.recipient)
            if known is None or said.version > known.version:
                self._recipients[said.recipient] = said
        elif isinstance(said, PortfolioEntry) and said.is_in:
            # Several recipients' lists have the same enterprises.
            self._lists.setdefault(said.recipient, set()).add(intern(said.subject))
        elif isinstance(said, PortfolioEntry):
            self._lists.get(said.recipient, set()).discard(said.subject)

    def recipient(self, name: str) -> RecipientVersion | None:
        """Return a recipient as it is now; None: there is none, or it was removed.

        Raises Unavailable before all were taken.
        """
        if not self._is_open:
            raise Unavailable("The portal is reading who may ask.", remedy="Try again in a moment.")
        with self._lock:
            found = self._recipients.get(name)
        return None if found is None or found.is_removed else found

    def has_entry(self, recipient: str, subject: str) -> bool:
        """Whether a recipient's list has an enterprise."""
        with self._lock:
            return subject in self._lists.get(recipient, ())

    def card(self, recipient: str, card: str) -> CardVersion | None:
        """Return a card of a recipient as it is now; None: it has none of this id."""
        with self._lock:
            found = self._cards.get((recipient, card))
        return None if found is None or found.is_removed else found

    def cards(self, recipient: str) -> Mapping[str, CardVersion]:
        """Return the cards of a recipient by their ids."""
        with self._lock:
            own = {key[1]: one for key, one in sorted(self._cards.items()) if key[0] == recipient}
        return {name: one for name, one in own.items() if not one.is_removed}

    @property
    def labels(self) -> Labels:
        """What may be released; raises Unavailable where other labels than those of this process were published."""
        return self._labels.current()
