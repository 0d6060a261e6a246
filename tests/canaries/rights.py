"""Who may hold which canary: small pure rules, decided from the catalogue's words, the consents of the run and the law.

They are written once more on purpose: nothing of ``rules/release`` is used, which they are to check. docs/security.md
states them.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum, auto
from typing import Protocol

from tests.canaries.canary import NUMBERS, Canary, Fate, Phase, Secrecy


@dataclass(frozen=True, slots=True)
class RecipientFacts:
    """A recipient as the run defined it: of whom it is told, and of which categories; None: of all."""

    id: str
    kind: str
    is_all: bool = False
    listed: frozenset[str] = frozenset()
    """The enterprises on its list; empty: its portfolio has none."""
    is_consenting: bool = False
    district: str = ""
    categories: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class ConsentFacts:
    """A consent as the run made it: in force from one phase on, and no more in another; None: to the end."""

    subject: str
    recipient: str
    items: frozenset[str]
    mode: str
    granted: Phase
    ended: Phase | None = None

    def in_force(self, phase: Phase) -> bool:
        """Whether it is in force in a phase."""
        return self.granted <= phase and (self.ended is None or phase < self.ended)


class Channel(StrEnum):
    """How a recipient comes by something."""

    TOPIC = auto()
    WEBHOOK = auto()
    PULL = auto()
    VIEW = auto()
    OTHERWISE = auto()
    """Viewed for a purpose to which no enterprise of the run consented."""
    ANSWER = auto()
    """Tokens, answers to questions, scores, refusals: they hold nothing of any record."""


@dataclass(frozen=True, slots=True)
class World:
    """What the run made, and what providers permit: by item, the kinds of recipients that may have it today."""

    recipients: Mapping[str, RecipientFacts] = field(default_factory=dict)
    consents: tuple[ConsentFacts, ...] = ()
    permitted: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def may_be_told(self, recipient: str, canary: Canary, channel: Channel, phase: Phase) -> bool:
        """Whether a recipient may hold a canary that it came by in a phase.

        A topic keeps what was told in any phase up to then. Everything else is asked again whenever it is handed out.
        """
        if canary.fate is not Fate.TAKEN or canary.is_over or channel is Channel.ANSWER or phase < canary.came:
            return False
        facts = self.recipients[recipient]
        if facts.categories is not None and canary.category not in facts.categories:
            return False
        phases = [one for one in Phase if canary.came <= one <= phase] if channel is Channel.TOPIC else [phase]
        if canary.secrecy is Secrecy.PUBLISHED:
            return any(self._is_subscribed(facts, canary.subject, one) for one in phases)
        if channel is Channel.OTHERWISE or canary.secrecy is not Secrecy.COMMERCIAL:
            return False
        return facts.kind in self.permitted.get(canary.item, ()) and any(
            _opens(consent, canary, channel)
            and any(consent.in_force(one) and self._is_subscribed(facts, canary.subject, one) for one in phases)
            for consent in self._of(facts, canary.subject)
        )

    def _of(self, facts: RecipientFacts, subject: str) -> list[ConsentFacts]:
        return [one for one in self.consents if one.recipient == facts.id and one.subject == subject]

    def _is_subscribed(self, facts: RecipientFacts, subject: str, phase: Phase) -> bool:
        return (
            facts.is_all
            or subject in facts.listed
            or (facts.is_consenting and any(one.in_force(phase) for one in self._of(facts, subject)))
            or (bool(facts.district) and subject[2:8] == facts.district)
        )


def _opens(consent: ConsentFacts, canary: Canary, channel: Channel) -> bool:
    """Whether a consent opens what a canary stands in, by a channel: STORE what there was, STREAM what comes, too."""
    if canary.item not in consent.items:
        return False
    if channel is Channel.VIEW:
        return consent.mode in ("VIEW", "STORE", "STREAM")
    return consent.mode == "STREAM" or (consent.mode == "STORE" and canary.came < consent.granted)


class Rule(Protocol):
    """What a place may hold."""

    def allows(self, canary: Canary, world: World) -> bool:
        """Whether a canary may be there."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """A place that holds no canary, whoever reads it: logs, metrics, keys, what is signed, what is kept for ever."""

    def allows(self, canary: Canary, world: World) -> bool:
        """Whether a canary may be there."""
        return False


@dataclass(frozen=True, slots=True)
class Kept:
    """What the hub's own processes, and officials, work with: all but persons, of rows that were taken.

    ``categories``: of these alone; None: of all. ``numbers_alone``: what was computed, never a text.
    """

    categories: Collection[str] | None = None
    numbers_alone: bool = False

    def allows(self, canary: Canary, world: World) -> bool:
        """Whether a canary may be there."""
        return (
            canary.secrecy is not Secrecy.PERSONAL
            and canary.fate is Fate.TAKEN
            and (self.categories is None or canary.category in self.categories)
            and (not self.numbers_alone or canary.kind in NUMBERS)
        )


@dataclass(frozen=True, slots=True)
class Sealed:
    """Files in which the hub's data lie: nothing that is a person's, nor of a row that was refused."""

    def allows(self, canary: Canary, world: World) -> bool:
        """Whether a canary may be there."""
        return canary.secrecy is not Secrecy.PERSONAL and canary.fate is Fate.TAKEN


@dataclass(frozen=True, slots=True)
class Published:
    """What goes to the platform above: what needs nobody's consent."""

    def allows(self, canary: Canary, world: World) -> bool:
        """Whether a canary may be there."""
        return canary.secrecy is Secrecy.PUBLISHED and canary.fate is Fate.TAKEN


@dataclass(frozen=True, slots=True)
class Told:
    """What a recipient holds, that it came by in a phase."""

    recipient: str
    channel: Channel
    phase: Phase

    def allows(self, canary: Canary, world: World) -> bool:
        """Whether a canary may be there."""
        return world.may_be_told(self.recipient, canary, self.channel, self.phase)


@dataclass(frozen=True, slots=True)
class Own:
    """What an enterprise is shown: nothing but its own, nothing of persons, nothing that is for officials."""

    subject: str

    def allows(self, canary: Canary, world: World) -> bool:
        """Whether a canary may be there."""
        open_ = (Secrecy.COMMERCIAL, Secrecy.PUBLISHED)
        return canary.subject == self.subject and canary.secrecy in open_ and canary.fate is Fate.TAKEN


@dataclass(frozen=True, slots=True)
class Returned:
    """A file of a department's that is given back to it: its own rows that were refused."""

    file: str

    def allows(self, canary: Canary, world: World) -> bool:
        """Whether a canary may be there."""
        return canary.file == self.file and canary.fate is not Fate.TAKEN
