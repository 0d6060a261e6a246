"""What one transaction tells banks: messages with the sequences that come next, entries about them, and marks."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bus import topics
from processing.output import Output
from processing.store import Store
from rules.release.entitlement import Entitlement
from sinks.banks import keys, marks
from sinks.banks.chain import Encode, ReleasedMessage, StepChain
from sinks.banks.marks import UNTOLD, Mark
from sinks.banks.messages import Head, MessageTemplate
from sinks.banks.recipient_book import RecipientBook


class StepOutput:
    """The transaction of one partition, while it is made; ``told``: how many messages were made and not taken."""

    def __init__(
        self,
        store: Store,
        decode: Callable[[bytes], Mapping[str, Any]],
        recipients: RecipientBook,
        chain: StepChain,
        encode_marks: Encode,
    ) -> None:
        self._store, self._decode, self._recipients = store, decode, recipients
        self._chain, self._encode_marks = chain, encode_marks
        # Those that are to be written, and those that were only read.
        self._marks: dict[str, dict[str, Mark]] = {}
        self._read: dict[str, Mapping[str, Mark]] = {}
        self._output = Output()
        self.told = 0

    def forget(self) -> None:
        """Forget what was made and not taken: nothing of it was published."""
        self._marks, self._read, self._output, self.told = {}, {}, Output(), 0

    def take(self) -> Output:
        """Return what was made since the last call, for the transaction."""
        made, self._output, self.told = self._output, Output(), 0
        return made

    def take_marks(self) -> Output:
        """Return the marks of everybody who was told anything since the last call."""
        made = Output()
        for subject, own in self._marks.items():
            key = keys.of_subject(keys.MARKS, subject)
            made.writes[key] = marks.pack(own)
            made.messages[topics.RELEASE_SEQUENCE].append(
                (subject.encode(), self._encode_marks(marks.value_of(subject, own)))
            )
        self._marks, self._read = {}, {}
        return made

    def known(self, subject: str) -> Mapping[str, Mark]:
        """Return what each recipient was told of an enterprise."""
        own = self._marks.get(subject)
        if own is not None:
            return own
        read = self._read.get(subject)
        if read is None:
            raw = self._store.get(keys.of_subject(keys.MARKS, subject))
            read = self._read[subject] = {} if raw is None else marks.unpack(raw, self._decode)
        return read

    def forget_told(self, recipient: str, subject: str) -> None:
        """Take a recipient to know nothing of an enterprise, so that all is told anew; its sequence goes on."""
        own = self._own(subject)
        if recipient in own:
            own[recipient] = UNTOLD._replace(sequence=own[recipient].sequence)

    def move(self, subject: str, names: Sequence[str], upto: str, now: Entitlement) -> None:
        """Note that recipients were told of an enterprise by an entitlement, up to a place; empty: to the end."""
        own = self._own(subject)
        for name in names:
            mark = own.get(name, UNTOLD)
            own[name] = mark.moved(mark.sequence, upto, now)

    def publish(
        self,
        head: Head,
        op: str,
        template: MessageTemplate,
        names: Sequence[str],
        *,
        item: str = "",
        reason: str = "",
        consents: Sequence[str] = (),
        record_key: str = "",
    ) -> None:
        """Publish a message to recipients; ``item`` and ``record_key``: of the record that it is about, if any."""
        subject = head.subject
        own, key, released = self._own(subject), subject.encode(), []
        for name in names:
            mark = own.get(name, UNTOLD)
            handle = self._recipients.handle(name, subject, item, record_key) if record_key else ""
            sequence = mark.sequence + 1
            message = template.filled(sequence, handle)
            own[name] = mark._replace(sequence=sequence)
            self._output.messages[topics.bank_topic(name)].append((key, message))
            released.append(ReleasedMessage(name, sequence, handle, hashlib.sha256(message).digest()))
        entry = self._chain.entry(subject, item, op, reason, head.policy, consents, released)
        self._output.messages[topics.RELEASE].append((key, entry))
        self.told += len(released)

    def _own(self, subject: str) -> dict[str, Mark]:
        """Return the marks of a subject as they will be written with this transaction."""
        own = self._marks.get(subject)
        if own is None:
            own = self._marks[subject] = dict(self.known(subject))
        return own
