"""What a batch says: consents and recipients, which are folded at once, and the changes behind them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from bus import topics
from bus.avro.decoding import Decoder
from catalogue.errors import PoisonMessage
from processing.output import Batches, InputMessage
from rules.release.recipient_messages import PortfolioEntry, recipient_message
from sinks.banks.consent_book import ConsentBook
from sinks.banks.recipient_book import RecipientBook


class ReadChange(NamedTuple):
    """A change of records, or of a list, that was read, with its message."""

    topic: str
    value: Mapping[str, Any]
    message: InputMessage


@dataclass(slots=True)
class ReadBatch:
    """``touched``: whom consents and lists of recipients are about. ``anew``: who asks to be told all of whom.

    ``changes``: those of records, then those of lists, in the order in which they are told. ``refused``: what is wrong,
    by topic and offset. ``governed``: the next offset of the topics that say who may see what.
    """

    touched: list[str] = field(default_factory=list)
    anew: list[tuple[str, str]] = field(default_factory=list)
    changes: list[ReadChange] = field(default_factory=list)
    refused: dict[tuple[str, int], str] = field(default_factory=dict)
    governed: dict[str, int] = field(default_factory=dict)


def read_batch(batches: Batches, decode: Decoder, consents: ConsentBook, recipients: RecipientBook) -> ReadBatch:
    """Return what a batch says; its consents and recipients are folded into their books."""
    read = ReadBatch()
    for topic in topics.RELEASE_GOVERNANCE:
        for message in batches.get(topic, ()):
            read.governed[topic] = message.offset + 1
            try:
                if topic == topics.CONSENT:
                    read.touched.append(consents.take(message))
                else:
                    _take_recipient(message.value or b"", decode, recipients, read)
            except PoisonMessage as problem:
                read.refused[topic, message.offset] = problem.message
    for topic in (topics.CHANGE, topics.LIST_CHANGE):
        for message in batches.get(topic, ()):
            try:
                read.changes.append(ReadChange(topic, decode(message.value or b""), message))
            except PoisonMessage as problem:
                read.refused[topic, message.offset] = problem.message
    return read


def _take_recipient(raw: bytes, decode: Decoder, recipients: RecipientBook, read: ReadBatch) -> None:
    said = recipient_message(decode.name(raw), decode(raw))
    recipients.take(said)
    # One that comes again was folded, and perhaps not told: an owner may have ended between the two.
    if isinstance(said, PortfolioEntry):
        read.touched.append(said.subject)
        if said.is_resend:
            read.anew.append((said.recipient, said.subject))
