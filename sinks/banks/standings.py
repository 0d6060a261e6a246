"""What counts for enterprises that changed lately: it changes seldom, and to work it out is much for each change."""

from dataclasses import dataclass
from datetime import datetime

from catalogue.times import EPOCH, micros
from rules.release.consent.scope import scope_of
from rules.release.grants import next_moment_of
from sinks.banks.consent_book import ConsentBook
from sinks.banks.entitlements import Consented, Entitlements, SubjectStanding
from sinks.banks.recipient_book import RecipientBook
from sinks.banks.telling import StepTelling

_MOST = 2500
"""Enterprises that are kept: those of a batch, which are asked for twice in it."""


@dataclass(slots=True)
class _Kept:
    standing: SubjectStanding
    since: int
    until: int | None
    is_told: bool = False


class Standings:
    """Says what counts for an enterprise, and keeps it until a moment, or something that is said, changes it.

    Moments are kept in microseconds of the wire. Of each it remembers whether everybody was told by it.
    """

    def __init__(
        self, recipients: RecipientBook, consents: ConsentBook, telling: StepTelling, most: int = _MOST
    ) -> None:
        self._recipients, self._consents, self._telling, self._most = recipients, consents, telling, most
        self._kept: dict[str, _Kept] = {}
        self._moment, self._at = EPOCH, 0
        self._entitlements: Entitlements | None = None

    def begin(self, moment: datetime, entitlements: Entitlements) -> None:
        """Say from here on what counts at a moment, by what counts for all."""
        if entitlements is not self._entitlements:
            self._kept.clear()
        self._moment, self._at, self._entitlements = moment, micros(moment), entitlements

    def of(self, subject: str) -> SubjectStanding:
        """Return what counts for an enterprise."""
        assert self._entitlements is not None
        at, kept = self._at, self._kept.pop(subject, None)
        # A clock that was set back: what counted before is not known.
        if kept is None or at < kept.since or (kept.until is not None and at >= kept.until):
            listed = self._recipients.listed(subject) if self._entitlements.needs_entries else ()
            grants = self._consents.grants(subject)
            found = self._entitlements.of(subject, grants, listed, at)
            kept = _Kept(found, at, next_moment_of(grants, at))
            if len(self._kept) >= self._most:
                del self._kept[next(iter(self._kept))]
        self._kept[subject] = kept
        return kept.standing

    def consented(self, subject: str) -> Consented:
        """Return what an enterprise consented to: much, and needed only where something else counts than was told."""
        consents = self._consents.of(subject)
        return Consented(scope_of(consents, self._moment), consents)

    def differs(self, subject: str, standing: SubjectStanding) -> bool:
        """Whether anybody was told of an enterprise by something else than counts now."""
        kept = self._kept.get(subject)
        is_kept = kept is not None and kept.standing is standing
        if kept is not None and is_kept and kept.is_told:
            return False
        if self._telling.differs(subject, standing):
            return True
        if kept is not None and is_kept:
            kept.is_told = True
        return False

    def forget(self, subject: str) -> None:
        """Forget what counts for an enterprise: something was said about it, or it is to be told anew."""
        self._kept.pop(subject, None)

    def clear(self) -> None:
        """Forget everything: a batch is taken once more, without what could not be read of it."""
        self._kept.clear()
