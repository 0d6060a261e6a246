"""Where what recipients send back is checked and taken: a batch as a whole, once, and of their own consents alone."""

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from catalogue.errors import HubError
from catalogue.times import business_date
from monitoring.metrics import DELETIONS_DUE, DELETIONS_OVERDUE, RETURNED_ENTRIES
from portal.journal import OfficeLost
from portal.office import ConsentOffice, NoSuchConsent
from portal.returns.book import ReturnsBook
from portal.returns.entries import BatchName, EntrySeal, ReturnedEntry, ReturnedKind
from portal.returns.journal import ReturnsJournal
from rules.outcomes.reported import ENDINGS, OutcomeText, ReportedOutcome, check_outcome, outcome_of
from rules.outcomes.totals import MonthTotals, totals_of
from rules.release.consent.checks import Problem
from rules.release.consent.lifecycle import Consent
from rules.release.receipts import DeletionDuty, DeletionReceipt, DutyState, check_receipt, duty_of

_NOT_YOURS = Problem("consent", "没有贵机构的这份授权；请核对授权书编号")


class EntryProblem(NamedTuple):
    """What is wrong with an entry of a batch; ``entry``: its place, from 1 on."""

    entry: int
    problem: Problem


class BatchRefused(HubError):
    """Nothing of a batch was taken; ``problems`` name the entries and their fields."""

    def __init__(self, problems: Sequence[EntryProblem]) -> None:
        super().__init__(f"整批未收：{len({one.entry for one in problems})}条有误")
        self.problems = tuple(problems)


class BatchDiffers(HubError):
    """Another batch of this number was taken before."""


class SentReceipt(NamedTuple):
    """A receipt as it was sent."""

    consent: str
    receipt: DeletionReceipt


class SentOutcome(NamedTuple):
    """An outcome as it was sent."""

    consent: str
    text: OutcomeText


@dataclass(frozen=True, slots=True)
class Taken:
    """A batch that is committed; ``is_repeated``: it was before. ``ended``: the consents that it ended."""

    batch: BatchName
    entries: int
    is_repeated: bool
    ended: tuple[str, ...] = ()


class ReturnsDesk:
    """Safe to use from several threads; a batch waits for the one before it. Every method may raise OfficeLost."""

    def __init__(
        self,
        journal: ReturnsJournal,
        seal: EntrySeal,
        office: Callable[[], ConsentOffice],
        recipients: Collection[str] = (),
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """``office`` raises OfficeLost while there is none; what is due of ``recipients`` is told from the start."""
        self._journal, self._seal, self._office, self.now = journal, seal, office, now
        self._book, self._lock = ReturnsBook(), threading.Lock()
        self._is_open = False
        for kind in ReturnedKind:
            RETURNED_ENTRIES.labels(kind)
        for recipient in recipients:
            DELETIONS_DUE.labels(recipient)
            DELETIONS_OVERDUE.labels(recipient)

    @property
    def lost(self) -> str:
        """Why it cannot go on; empty: it does."""
        return self._journal.lost

    def open(self) -> None:
        """Take over from a former desk and read everything; raises Unavailable while Kafka is away: then again."""
        self._book.clear()
        self._journal.open(self._book.take)
        self._is_open = True

    def take_receipts(self, recipient: str, number: str, sent: Sequence[SentReceipt]) -> Taken:
        """Take receipts of deletion; raises BatchRefused and BatchDiffers."""
        batch = BatchName(recipient, ReturnedKind.DELETION, number)
        with self._working() as office:
            digest = self._seal.digest(batch, sent)
            if self._is_known(batch, digest):
                return Taken(batch, len(sent), is_repeated=True)
            now, entries = self.now(), _Entries(batch, digest)
            for place, (consent, receipt) in enumerate(sent, 1):
                own = self._own(office, recipient, consent)
                if own is None:
                    entries.refuse(place, _NOT_YOURS)
                    continue
                duty = duty_of(own, self._book.receipt_of(consent), now)
                if duty is None:
                    entries.refuse(place, Problem("consent", "该授权尚未终止，或不向贵机构交付内容，无须回执"))
                    continue
                entries.add(place, own, now, receipt, check_receipt(duty, receipt, now))
            return self._taken(batch, entries)

    def take_outcomes(self, recipient: str, number: str, sent: Sequence[SentOutcome]) -> Taken:
        """Take outcomes, after it ended the consents whose application came to its end.

        Raises BatchRefused and BatchDiffers.
        """
        batch = BatchName(recipient, ReturnedKind.OUTCOME, number)
        with self._working() as office:
            digest = self._seal.digest(batch, sent)
            if self._is_known(batch, digest):
                return Taken(batch, len(sent), is_repeated=True)
            now, entries = self.now(), _Entries(batch, digest)
            for place, (consent, text) in enumerate(sent, 1):
                own = self._own(office, recipient, consent)
                if own is None:
                    entries.refuse(place, _NOT_YOURS)
                elif problems := list(check_outcome(text, own, business_date(now))):
                    entries.refuse(place, *problems)
                else:
                    entries.add(place, own, now, outcome_of(text))
            entries.refuse_if_any()
            # First the end of use: where the batch fails behind it, its sender sends it again.
            endings = {
                one.consent: ENDINGS[one.said.kind]
                for one in entries.good
                if isinstance(one.said, ReportedOutcome) and one.said.kind in ENDINGS
            }
            ended = office.settle(endings)
            return self._taken(batch, entries, ended)

    def receipt_of(self, consent: str) -> DeletionReceipt | None:
        """Return the last receipt for a consent."""
        with self._lock:
            return self._book.receipt_of(consent)

    def duties(self, recipient: str = "") -> list[DeletionDuty]:
        """Return what recipients (or one) have to do, or did, about consents that ended, the oldest first."""
        with self._working() as office:
            return sorted(self._duties(office, recipient), key=lambda duty: (duty.ended_at, duty.consent.terms.number))

    def totals(self) -> list[MonthTotals]:
        """Return the totals of the outcomes, by month and recipient."""
        with self._lock:
            figures = self._book.outcomes()
        return totals_of(figures)

    def count(self) -> None:
        """Say by metrics what is due."""
        due, late = Counter[str](), Counter[str]()
        with self._working() as office:
            now = self.now()
            for duty in self._duties(office):
                due[duty.consent.terms.recipient] += duty.state is DutyState.DUE
                late[duty.consent.terms.recipient] += duty.is_overdue(now)
        # Once there was a duty there always is: what is done stays one, and is counted as 0.
        for name, number in due.items():
            DELETIONS_DUE.labels(name).set(number)
            DELETIONS_OVERDUE.labels(name).set(late[name])

    def _duties(self, office: ConsentOffice, recipient: str = "") -> Iterator[DeletionDuty]:
        now = self.now()
        for consent in office.granted(recipient):
            duty = duty_of(consent, self._book.receipt_of(consent.terms.number), now)
            if duty is not None:
                yield duty

    def _own(self, office: ConsentOffice, recipient: str, number: str) -> Consent | None:
        try:
            consent = office.consent(number)
        except NoSuchConsent:
            return None
        # Of another's no more is told than of none.
        return consent if consent.terms.recipient == recipient else None

    def _is_known(self, batch: BatchName, digest: str) -> bool:
        known = self._book.digest_of(batch)
        if known not in (None, digest):
            raise BatchDiffers(f"批次号 {batch.number} 已用于另一批内容", remedy="新的内容请用新的批次号。")
        return known is not None

    def _taken(self, batch: BatchName, entries: "_Entries", ended: Sequence[str] = ()) -> Taken:
        entries.refuse_if_any()
        self._journal.commit(entries.good)
        for one in entries.good:
            self._book.take(one)
        RETURNED_ENTRIES.labels(batch.kind).inc(len(entries.good))
        return Taken(batch, len(entries.good), is_repeated=False, ended=tuple(ended))

    @contextmanager
    def _working(self) -> Iterator[ConsentOffice]:
        with self._lock:
            if self.lost or not self._is_open:
                raise OfficeLost("服务正在重新启动", remedy="请稍后再试。")
            yield self._office()


class _Entries:
    """What a batch comes to, entry by entry."""

    def __init__(self, batch: BatchName, digest: str) -> None:
        self._batch, self._digest = batch, digest
        self.good: list[ReturnedEntry] = []
        self._problems: list[EntryProblem] = []
        self._seen: set[tuple[str, str]] = set()

    def refuse(self, place: int, *problems: Problem) -> None:
        """Note what is wrong with an entry."""
        self._problems += [EntryProblem(place, one) for one in problems]

    def add(
        self,
        place: int,
        consent: Consent,
        now: datetime,
        said: DeletionReceipt | ReportedOutcome,
        problems: Iterable[Problem] = (),
    ) -> None:
        """Add an entry, or note what is wrong with it."""
        found = list(problems)
        about = consent.terms.number, said.kind if isinstance(said, ReportedOutcome) else ""
        if about in self._seen:
            found.append(Problem("consent", "同一批中重复；每批至多报一次"))
        self._seen.add(about)
        self.refuse(place, *found)
        self.good.append(
            ReturnedEntry(self._batch, self._digest, place, consent.terms.subject, consent.terms.number, now, said)
        )

    def refuse_if_any(self) -> None:
        """Raise BatchRefused when anything is wrong."""
        if self._problems:
            raise BatchRefused(self._problems)
