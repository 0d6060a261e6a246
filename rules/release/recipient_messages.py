"""``recipient.v1`` as its topic says it, decoded: definitions of recipients, entries of their portfolios, losses."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from catalogue import wire
from catalogue.errors import PoisonMessage
from rules.release.recipients import RecipientDefinition, digest_of, read_definition

HANDLE_KEY_BYTES = 32


class RecipientVersion(NamedTuple):
    """A version of a recipient's definition: ``version`` counts from 1 for each recipient."""

    version: int
    definition: RecipientDefinition
    handle_key: bytes
    """Makes its handles of records (``rules.release.handles``); drawn with its first version, and kept."""
    is_removed: bool = False
    """It is a recipient no more: what it was told is withdrawn."""

    @property
    def recipient(self) -> str:
        """Its id."""
        return self.definition.id


class PortfolioEntry(NamedTuple):
    """What an operator said of a recipient and an enterprise: ``version`` counts from 1 for each such pair."""

    recipient: str
    subject: str
    version: int
    is_in: bool
    """Whether the recipient's list has the enterprise from here on."""
    is_resend: bool
    """It asks that everything be told anew which the recipient may know of the enterprise."""


class TopicLoss(NamedTuple):
    """An operator declared that a recipient's topic lost messages for good; ``version`` counts from 1 for each.

    The newest of a recipient counts, and says all that was lost so far. It hides nothing that is there and altered.
    """

    recipient: str
    version: int
    before: Mapping[str, int]
    """By partition: of what ``release.v1`` says before this offset messages may be missing."""
    missing: Mapping[str, int]
    """By partition: how many."""
    reason: str
    said_at: datetime


RecipientMessage = RecipientVersion | PortfolioEntry | TopicLoss


def recipient_message(name: str, value: Mapping[str, Any]) -> RecipientMessage:
    """Return what a decoded message of ``recipient.v1`` says; ``name``: the full name of its record type.

    Raises PoisonMessage for one that says nothing of them.
    """
    try:
        if name == _full_name(wire.RECIPIENT):
            return _recipient(value)
        if name == _full_name(wire.PORTFOLIO_ENTRY):
            return PortfolioEntry(**{field: value[field] for field in PortfolioEntry._fields})
        if name == _full_name(wire.TOPIC_LOSS):
            return TopicLoss(**{field: value[field] for field in TopicLoss._fields})
    except (KeyError, TypeError, ValueError) as exc:
        raise PoisonMessage(f"It holds no recipient: {type(exc).__name__}.") from exc
    raise PoisonMessage(f"A {name} says nothing of recipients.")


def _recipient(value: Mapping[str, Any]) -> RecipientVersion:
    found = RecipientVersion(
        value["version"], read_definition(value["definition"]), value["handle_key"], value["is_removed"]
    )
    if digest_of(value["definition"]) != value["digest"] or found.recipient != value["recipient"]:
        raise ValueError("the definition is not what its digest and its id say")
    if len(found.handle_key) != HANDLE_KEY_BYTES:
        raise ValueError("no key of handles")
    return found


def _full_name(schema: Mapping[str, Any]) -> str:
    return f"{schema['namespace']}.{schema['name']}"
