"""What each recipient may have now, in memory, as the topics say: consents, recipients and their lists, labels."""

import threading
from collections.abc import Iterator, Mapping
from datetime import datetime

from confluent_kafka import Message

from bus import topics
from bus.avro.decoding import Decoder
from processing.output import InputMessage
from rules.release.answering import AnswerRefusal, AskingRecipient
from rules.release.followed_labels import FollowedLabels
from rules.release.labels import Labels
from rules.release.recipient_messages import RecipientVersion, recipient_message
from rules.release.released import Lost
from sinks.banks.consent_book import ConsentBook, Verifiers
from sinks.banks.recipient_book import RecipientBook

FOLLOWED = (*topics.RELEASE_GOVERNANCE, topics.LABEL_POLICY)


class _NothingStored:
    """A store that has nothing: the books keep everything in memory above it."""

    def get(self, key: bytes) -> bytes | None:
        return None

    def below(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        yield from ()


class CurrentRights:
    """Folds the topics as the release does. Safe to use from several threads; ``take`` is called by one."""

    def __init__(self, labels: Labels, decode: Decoder, verifiers: Verifiers) -> None:
        """``labels`` are those of this process, by which alone it sends."""
        self._labels, self._decode = FollowedLabels(labels, topics.LABEL_POLICY), decode
        self._lock = threading.Lock()
        self._consents = ConsentBook(_NothingStored(), decode, verifiers)
        self._recipients = RecipientBook(_NothingStored())

    def take(self, topic: str, message: Message) -> None:
        """Take a message of a topic (named without prefix), each partition's in order; one that came already, too.

        Raises PoisonMessage for one that says nothing, Unavailable while the registry is away.
        """
        raw = message.value() or b""
        with self._lock:
            if topic == topics.CONSENT:
                self._consents.take(InputMessage(message.offset() or 0, raw, message.key()))
            elif topic == topics.RECIPIENT:
                self._recipients.take(recipient_message(self._decode.name(raw), self._decode(raw)))
            else:
                self._labels.take(self._decode(raw))

    def hooked(self) -> Mapping[str, RecipientVersion]:
        """Return the recipients that have a webhook, by their ids."""
        with self._lock:
            return {
                one.recipient: one
                for one in self._recipients
                if one.definition.webhook is not None and not one.is_removed
            }

    def lost(self, recipient: RecipientVersion, now: datetime) -> Lost:
        """Return what decides whether a recipient may still have what was released to it; of each enterprise once.

        Raises Unavailable where other labels than those of this process were published: nothing is told by others.
        """
        labels = self._labels.current()
        known: dict[str, AskingRecipient] = {}

        def lost(subject: str, item: str, consents: tuple[str, ...]) -> AnswerRefusal | None:
            if subject not in known:
                known[subject] = self._asking(recipient, labels, subject, now)
            return known[subject].lost(item, consents)

        return lost

    def _asking(self, recipient: RecipientVersion, labels: Labels, subject: str, now: datetime) -> AskingRecipient:
        with self._lock:
            consents = self._consents.of(subject)
            entry = self._recipients.entries(subject).get(recipient.recipient, (0, False))
        return AskingRecipient(recipient.definition, labels, subject, entry[1], consents, now)
