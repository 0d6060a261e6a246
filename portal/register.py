"""Every consent of the hub in memory, as ``consent.v1`` tells it. What nobody of this hub signed is not believed."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from confluent_kafka import Message

from bus.avro.decoding import Decoder
from bus.crypto.signing import ForgedSignature, Verifier
from bus.partitions import partition_of
from catalogue.errors import PoisonMessage
from rules.release.consent.artefact import TYPE, Artefact, Held, digest_of, follow, read_message
from rules.release.consent.lifecycle import FINAL, Act, ActReason, Consent, IllegalTransition, State
from rules.release.consent.terms import Terms

_Deed = tuple[Act, ActReason, str]
_ALIKE = ("template", "platform", "recipient", "departments", "items", "revocation_channel")


class ArtefactPlace(NamedTuple):
    """Where an artefact lies in ``consent.v1``."""

    partition: int
    offset: int


class HistoryStep(NamedTuple):
    """What was done about a consent, as a page shows it without reading the topic."""

    act: Act
    reason: ActReason
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class KnownConsent:
    """A consent, what was done about it, and where its artefacts lie, in order. These themselves stay in the topic."""

    held: Held
    history: tuple[HistoryStep, ...]
    places: tuple[ArtefactPlace, ...]


class _Kept(NamedTuple):
    """A consent as it is kept: what was done as (what, why, who), when, what, …; offsets of its artefacts.

    A hub has hundreds of thousands of consents: ``KnownConsent`` is made of this for who asks for one.
    """

    consent: Consent
    digest: bytes
    history: tuple[_Deed | datetime, ...]
    offsets: tuple[int, ...]

    @property
    def held(self) -> Held:
        """Return it with the digest of its newest artefact."""
        return Held(self.consent, self.digest.hex())


class Register:
    """The consents by number and by subject. Not thread-safe."""

    def __init__(self, decode: Decoder, verifier: Verifier, partitions: int) -> None:
        self._decode, self._verifier, self._partitions = decode, verifier, partitions
        self._consents: dict[str, _Kept] = {}
        self._numbers: dict[str, tuple[str, ...]] = {}
        self._alike: dict[Any, Any] = {}
        self.counts: Counter[State] = Counter()
        """How many consents are in each state."""

    def __len__(self) -> int:
        return len(self._consents)

    def __iter__(self) -> Iterator[Consent]:
        return (entry.consent for entry in self._consents.values())

    def clear(self) -> None:
        """Forget everything."""
        self._consents.clear()
        self._numbers.clear()
        self._alike.clear()
        self.counts.clear()

    def take(self, message: Message) -> None:
        """Take a message of ``consent.v1``, each partition's in the order of their offsets.

        Raises PoisonMessage for one that nobody of this hub signed, or that does not follow what was taken before.
        """
        found, digest = read_artefact(message, self._decode, self._verifier)
        if message.partition() != partition_of(found.step.terms.subject, self._partitions):
            raise PoisonMessage("A transition of a consent lies in another partition than its subject's.")
        self.apply(found, digest, ArtefactPlace(message.partition(), message.offset()))

    def apply(self, found: Artefact, digest: str, place: ArtefactPlace) -> Consent:
        """Note a transition that was published, and return the consent; raises PoisonMessage as ``take`` does."""
        number, subject = found.step.terms.number, found.step.terms.subject
        known = self._consents.get(number)
        if known is not None and known.consent.terms.subject != subject:
            raise PoisonMessage("A number of a consent is another subject's.")
        try:
            consent, newest = follow(known.held if known else None, found, digest)
        except IllegalTransition as exc:
            raise PoisonMessage(f"A transition of a consent does not follow what was before it: {exc}.") from exc
        if known is None:
            consent = replace(consent, terms=self._shared(consent.terms))
        else:
            self.counts[known.consent.state] -= 1
        self.counts[consent.state] += 1
        deed = found.step.act, found.step.reason, found.step.actor
        history, offsets = (known.history, known.offsets) if known else ((), ())
        now = self._alike.setdefault(deed, deed), consent.at
        # All lie in the partition of the subject.
        self._consents[number] = _Kept(consent, bytes.fromhex(newest), (*history, *now), (*offsets, place.offset))
        if known is None:
            self._numbers[consent.terms.subject] = (*self._numbers.get(subject, ()), number)
        return consent

    def _shared(self, terms: Terms) -> Terms:
        """Return equal terms that have in common with others what many say alike: a third of the memory."""
        shared = {name: self._alike.setdefault(value := getattr(terms, name), value) for name in _ALIKE}
        # A name is shared with the enterprise's own consents alone: most are unique.
        for number in self._numbers.get(terms.subject, ()):
            own = self._consents[number].consent.terms
            shared["subject"] = own.subject
            if own.enterprise == terms.enterprise:
                shared["enterprise"] = own.enterprise
                break
        return replace(terms, **shared)

    def known(self, number: str) -> KnownConsent | None:
        """Return a consent with its places."""
        kept = self._consents.get(number)
        return None if kept is None else self._known(kept)

    def of_subject(self, subject: str) -> tuple[KnownConsent, ...]:
        """Return the consents of an enterprise, the oldest first."""
        return tuple(self._known(self._consents[number]) for number in self._numbers.get(subject, ()))

    def held_of(self, subject: str) -> tuple[Held, ...]:
        """Return the consents of an enterprise without what was done about them, the oldest first."""
        return tuple(self._consents[number].held for number in self._numbers.get(subject, ()))

    def knows(self, subject: str) -> bool:
        """Whether an enterprise has any consent."""
        return subject in self._numbers

    def open_until(self, moment: datetime) -> list[Held]:
        """Return the consents that are not final, and whose term ended at this moment or before."""
        return [
            kept.held
            for kept in self._consents.values()
            if kept.consent.state not in FINAL and kept.consent.terms.end <= moment
        ]

    def _known(self, kept: _Kept) -> KnownConsent:
        partition = partition_of(kept.consent.terms.subject, self._partitions)
        deeds: Iterator[Any] = iter(kept.history)
        history = tuple(HistoryStep(act, why, who, at) for (act, why, who), at in zip(deeds, deeds, strict=True))
        return KnownConsent(kept.held, history, tuple(ArtefactPlace(partition, offset) for offset in kept.offsets))


def read_artefact(message: Message, decode: Decoder, verifier: Verifier) -> tuple[Artefact, str]:
    """Return what a message of ``consent.v1`` says, and the digest of its artefact; raises PoisonMessage."""
    value = decode(message.value() or b"")
    try:
        signed = verifier.verify(value["artefact"], TYPE)
        found = read_message(value, message.key() or b"", *signed)
    except (ForgedSignature, ValueError, KeyError, TypeError, AttributeError) as exc:
        raise PoisonMessage(f"A transition of a consent is not what this hub signed: {exc}") from exc
    return found, digest_of(value["artefact"])
