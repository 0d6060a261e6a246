"""What one transaction tells banks: messages with the sequences that come next, entries about them, and marks."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bus import topics
from bus.avro.encoding import Encoder
from processing.output import Headers, Output
from processing.store import Store
from rules.release.entitlement import Entitlement
from sinks.banks import keys
from sinks.banks.chain import StepChain
from sinks.banks.encoding import ReleasedMessage, marks_body
from sinks.banks.kept_marks import KeptMarks
from sinks.banks.marks import UNTOLD, Mark, pack_marks, unpack_marks
from sinks.banks.messages import Head, MessageTemplate
from sinks.banks.recipient_book import RecipientBook

NOBODY: Mapping[str, tuple[str, ...]] = {}


class StepOutput:
    """The transaction of one partition, while it is made; ``told``: how many messages were made and not taken."""

    def __init__(
        self,
        store: Store,
        decode: Callable[[bytes], Mapping[str, Any]],
        recipients: RecipientBook,
        chain: StepChain,
        encode_marks: Encoder,
    ) -> None:
        self._store, self._decode, self._recipients = store, decode, recipients
        self._chain, self._encode_marks = chain, encode_marks
        # Those that are to be written, and those that were only read or are written.
        self._marks: dict[str, dict[str, Mark]] = {}
        self._kept = KeptMarks()
        self._output = Output()
        self.told = 0

    def forget(self) -> None:
        """Forget what was made and not taken: nothing of it was published."""
        self._marks, self._output, self.told = {}, Output(), 0

    def take(self) -> Output:
        """Return what was made since the last call, for the transaction."""
        made, self._output, self.told = self._output, Output(), 0
        return made

    def moved_to(self, output: Output) -> Output:
        """Return an output that has no messages with those that were made since the last call."""
        made = self.take()
        output.messages, output.headed = made.messages, made.headed
        return output

    def take_marks(self) -> Output:
        """Return the marks of everybody who was told anything since the last call.

        They are published, or the task ends: what it tells next begins with them.
        """
        made = Output()
        for subject, own in self._marks.items():
            key = keys.of_subject(keys.MARKS, subject)
            message = self._encode_marks.wrap(marks_body(subject, own))
            made.writes[key] = pack_marks(own)
            made.messages[topics.RELEASE_SEQUENCE].append((subject.encode(), message))
            self._kept.put(subject, own)
        self._marks = {}
        return made

    def rest(self) -> None:
        """Keep less in memory until the next batch."""
        self._kept.rest()

    def known(self, subject: str) -> Mapping[str, Mark]:
        """Return what each recipient was told of an enterprise."""
        own = self._marks.get(subject)
        if own is not None:
            return own
        kept = self._kept.get(subject)
        if kept is None:
            raw = self._store.get(keys.of_subject(keys.MARKS, subject))
            kept = {} if raw is None else unpack_marks(raw, self._decode)
            self._kept.put(subject, kept)
        return kept

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
        consents: Mapping[str, tuple[str, ...]] = NOBODY,
        record_key: str = "",
    ) -> None:
        """Publish a message to recipients; ``item`` and ``record_key``: of the record that it is about, if any.

        ``consents``: by which each recipient is told of it.
        """
        subject = head.subject
        own, key, released = self._own(subject), subject.encode(), []
        # Recipients that began together have one sequence, and so the same headers.
        by_sequence: dict[int, Headers] = {}
        for name in names:
            mark = own.get(name, UNTOLD)
            handle = self._recipients.handle(name, subject, item, record_key) if record_key else ""
            sequence = mark.sequence + 1
            numbers = consents.get(name, ())
            message = template.filled(sequence, handle, numbers)
            own[name] = Mark(sequence, mark.told)
            headers = by_sequence.get(sequence)
            if headers is None:
                headers = by_sequence[sequence] = template.headed(sequence)
            self._output.headed[topics.bank_topic(name)].append((key, message, headers))
            released.append(ReleasedMessage(name, sequence, handle, numbers, hashlib.sha256(message).digest()))
        entry = self._chain.entry(subject, item, op, reason, head.policy, released)
        self._output.messages[topics.RELEASE].append((key, entry))
        self.told += len(released)

    def _own(self, subject: str) -> dict[str, Mark]:
        """Return the marks of a subject as they will be written with this transaction."""
        own = self._marks.get(subject)
        if own is None:
            own = self._marks[subject] = dict(self.known(subject))
        return own
