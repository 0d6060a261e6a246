"""Scorecards as ``scorecard.v1`` has them: what an operator published for a recipient, each with a version."""

from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from datetime import UTC, datetime
from typing import Any, NamedTuple

from bus import topics
from bus.avro.decoding import Decoder
from bus.avro.encoding import Encoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.reading.scan import scan
from bus.sole_writer import sole_writer
from catalogue import wire
from catalogue.errors import PoisonMessage, UsageError
from rules.release.predicate import BadQuestion
from rules.release.scorecards import MOST_CARDS, RecipientCard, card_digest, read_card

CardKey = tuple[str, str]
"""The ids of a recipient and of a card of it."""


class CardVersion(NamedTuple):
    """A version of a card: ``version`` counts from 1 for each recipient and card."""

    recipient: str
    version: int
    card: RecipientCard
    is_removed: bool = False

    @property
    def key(self) -> CardKey:
        """By what it is known."""
        return self.recipient, self.card.id


def card_version(value: Mapping[str, Any]) -> CardVersion:
    """Return what a decoded message of ``scorecard.v1`` says; raises PoisonMessage for one that says no card."""
    try:
        card = read_card(value["definition"])
        if card_digest(value["definition"]) != value["digest"] or card.id != value["card"]:
            raise PoisonMessage("A scorecard is not what its digest and its id say.")
        return CardVersion(value["recipient"], value["version"], card, value["is_removed"])
    except (KeyError, TypeError, BadQuestion) as exc:
        raise PoisonMessage(f"It holds no scorecard: {type(exc).__name__}.") from exc


def published_cards(config: BusConfig, registry: Registry) -> dict[CardKey, CardVersion]:
    """Return the newest version of each card, those that were removed included; raises Unavailable."""
    return {one.key: one for one in _messages(config, registry)}


def publish_card(
    config: BusConfig, transactions: str, recipient: str, card: RecipientCard, *, is_removed: bool = False
) -> CardVersion | None:
    """Publish a card of a recipient, or its removal; return its version, None: the newest one says the same.

    ``transactions``: what the transactional id begins with. Raises Unavailable while Kafka or the registry is away, or
    when somebody else publishes in the same moment; UsageError where the recipient has as many as it may.
    """
    with (
        closing(Registry(config)) as registry,
        sole_writer(config, topics.SCORECARD, f"{transactions}.scorecards") as send,
    ):
        newest = published_cards(config, registry)
        last = newest.get((recipient, card.id))
        if last is not None and (last.card, last.is_removed) == (card, is_removed):
            return None
        others = [one for one in newest.values() if one.recipient == recipient and not one.is_removed]
        if not is_removed and last not in others and len(others) >= MOST_CARDS:
            raise UsageError(f"{recipient} has {MOST_CARDS} scorecards, which is the most.", remedy="Remove one first.")
        version = CardVersion(recipient, last.version + 1 if last else 1, card, is_removed)
        text = card.text()
        value: dict[str, object] = {
            "recipient": recipient,
            "card": card.id,
            "version": version.version,
            "definition": text,
            "digest": card_digest(text),
            "is_removed": is_removed,
            "published_at": datetime.now(UTC),
        }
        send(Encoder(registry, topics.SCORECARD, wire.RECIPIENT_CARD)(value), f"{recipient}\0{card.id}", 0)
    return version


def _messages(config: BusConfig, registry: Registry) -> Iterator[CardVersion]:
    decode = Decoder(registry)
    for message in scan(config, topics.SCORECARD):
        # The portal counts what cannot be read.
        with suppress(PoisonMessage):
            yield card_version(decode(message.value() or b""))
