"""Where consents are decided: one act at a time, each in a transaction, remembered once it is committed."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from confluent_kafka import Message

from catalogue.errors import HubError
from monitoring.metrics import CONSENT_ACTS, CONSENTS
from portal.journal import ConsentJournal, OfficeLost, SignedStep
from portal.register import KnownConsent, Register
from portal.requests import Signatories
from rules.release.consent.artefact import Held, follow
from rules.release.consent.lifecycle import (
    TRANSITIONS,
    Act,
    ActReason,
    Consent,
    IllegalTransition,
    State,
    Transition,
    after,
    is_over,
)
from rules.release.consent.registered import registered, why_paused
from rules.release.consent.terms import Signatory, Terms

HUB, ENTERPRISE = "hub", "enterprise"
"""The actors of what the hub does by itself, and of what an enterprise does on its own page."""
# In one transaction at most so many; the rest is the next one's.
_AT_ONCE = 500


class NoSuchConsent(HubError):
    """There is no consent of this number."""


class NotPossible(HubError):
    """The consent cannot go this way: ``state`` is what it is."""

    def __init__(self, message: str, state: State) -> None:
        super().__init__(message)
        self.state = state


class ConsentOffice:
    """Safe to use from several threads; each act waits for the one before it. Every act raises OfficeLost."""

    def __init__(
        self,
        journal: ConsentJournal,
        register: Register,
        signatories: Signatories,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.journal = journal
        self._register, self._signatories, self._now = register, signatories, now
        self._lock = threading.Lock()

    @property
    def lost(self) -> str:
        """Why the office cannot go on; empty: it does."""
        return self.journal.lost

    def open(self) -> None:
        """Take over from a former office and read every consent; raises Unavailable while Kafka is away: then again."""
        self._register.clear()
        self.journal.open(self._register.take)
        self._count()

    def close(self) -> None:
        """Leave Kafka."""
        self.journal.close()

    def request(self, terms: Terms, actor: str) -> Consent:
        """Write a request."""
        with self._working():
            step = Transition(terms, 1, Act.REQUEST, ActReason.ASKED, actor, self._now())
            (consent,) = self._commit([self.journal.signed(None, step)], [])
            return consent

    def act(
        self,
        number: str,
        act: Act,
        reason: ActReason,
        actor: str,
        sign: Callable[[Terms], tuple[Signatory, str]] | None,
    ) -> Consent:
        """Do something about a consent; ``sign`` gives who signed, and the evidence of it.

        Raises NoSuchConsent, NotPossible, and what ``sign`` raises.
        """
        with self._working():
            known = self._known(number)
            consent = known.held.consent
            signatory, evidence = sign(consent.terms) if sign else (None, "")
            step = self._next(consent, act, reason, actor, signatory, evidence)
            try:
                after(consent, step)
            except IllegalTransition as exc:
                raise NotPossible(exc.message, consent.state) from exc
            (consent,) = self._commit([self.journal.signed(known.held, step)], [])
            return consent

    def follow(self, messages: Sequence[Message]) -> None:
        """Take changes of enterprises in: pause what does not stand by them any more, with the positions behind them.

        Raises Unavailable while the registry is away: nothing was taken then.
        """
        with self._working():
            pauses: list[SignedStep] = []
            # What a consent is behind what is not committed yet.
            now: dict[str, Held] = {}
            for subject, change in self.journal.changes(messages, self._register.knows):
                for said in registered(change, self.journal.payload):
                    for known in self._register.held_of(subject):
                        number = known.consent.terms.number
                        held = now.get(number, known)
                        reason = why_paused(held.consent, said, self._signatories.hash_of)
                        if reason is not None:
                            pause = self.journal.signed(held, self._next(held.consent, Act.PAUSE, reason, HUB))
                            now[number] = follow(held, pause.found, pause.digest)
                            pauses.append(pause)
            self._commit(pauses, messages)

    def record_expired(self) -> int:
        """Write for the record which consents ended by the moment, and return how many."""
        with self._working():
            now = self._now()
            over = [held for held in self._register.open_until(now) if is_over(held.consent, now)][:_AT_ONCE]
            ends = [(held, self._next(held.consent, Act.EXPIRE, ActReason.TERM_ENDED, HUB)) for held in over]
            if ends:
                self._commit([self.journal.signed(held, step) for held, step in ends], [])
            return len(ends)

    def settle(self, endings: Mapping[str, ActReason]) -> list[str]:
        """End every use of consents whose application came to its end; return the numbers of those that ended now."""
        with self._working():
            known = [(self._known(number).held, why) for number, why in endings.items()]
            ends = [
                (held, self._next(held.consent, Act.SETTLE, why, HUB))
                for held, why in known
                if (held.consent.state, Act.SETTLE) in TRANSITIONS
            ]
            if ends:
                self._commit([self.journal.signed(held, step) for held, step in ends], [])
            return [held.consent.terms.number for held, _ in ends]

    def granted(self, recipient: str = "") -> list[Consent]:
        """Return the consents that were ever granted, in no order; ``recipient``: to that one alone."""
        with self._lock:
            return [
                one for one in self._register if one.signed_at is not None and recipient in ("", one.terms.recipient)
            ]

    def consent(self, number: str) -> Consent:
        """Return a consent; raises NoSuchConsent."""
        with self._lock:
            return self._known(number).held.consent

    def of_subject(self, subject: str) -> list[Consent]:
        """Return the consents of an enterprise, the oldest first."""
        with self._lock:
            return [held.consent for held in self._register.held_of(subject)]

    def known_of_subject(self, subject: str) -> tuple[KnownConsent, ...]:
        """Return the consents of an enterprise with what was done about each, the oldest first."""
        with self._lock:
            return self._register.of_subject(subject)

    def newest(self, limit: int, wanted: Callable[[Consent], bool]) -> list[Consent]:
        """Return the consents that are wanted, those that changed last first, at most so many."""
        with self._lock:
            found = [consent for consent in self._register if wanted(consent)]
        return sorted(found, key=lambda consent: (consent.at, consent.terms.number), reverse=True)[:limit]

    def artefacts(self, number: str) -> list[str]:
        """Return the signed artefacts of a consent, in order; raises NoSuchConsent, and Unavailable."""
        with self._lock:
            places = self._known(number).places
        return [self.journal.artefact(place) for place in places]

    def _known(self, number: str) -> KnownConsent:
        known = self._register.known(number)
        if known is None:
            # Not repeated: what was typed may be a person's number.
            raise NoSuchConsent("没有这个编号的授权", remedy="请核对编号，或用 `credithub consent list` 查找。")
        return known

    def _next(
        self,
        consent: Consent,
        act: Act,
        reason: ActReason,
        actor: str,
        signatory: Signatory | None = None,
        evidence: str = "",
    ) -> Transition:
        # A clock that was set back must not stop anybody from revoking.
        at = max(self._now(), consent.at + timedelta(microseconds=1))
        return Transition(consent.terms, consent.version + 1, act, reason, actor, at, signatory, evidence)

    def _commit(self, steps: Sequence[SignedStep], messages: Sequence[Message]) -> list[Consent]:
        consents = []
        for step, place in zip(steps, self.journal.commit(steps, messages), strict=True):
            consents.append(self._register.apply(step.found, step.digest, place))
            CONSENT_ACTS.labels(step.found.step.act, step.found.step.reason).inc()
        if steps:
            self._count()
        return consents

    def _count(self) -> None:
        for state in State:
            CONSENTS.labels(state).set(self._register.counts[state])

    @contextmanager
    def _working(self) -> Iterator[None]:
        with self._lock:
            if self.lost:
                raise OfficeLost("授权服务正在重新启动", remedy="请稍后再试。")
            yield
