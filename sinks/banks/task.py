"""The release of one partition: who may see what is decided first, then what changed is told.

A step is one transaction. Consents and recipients of a batch count before its changes, so a revocation waits for no
backlog. What somebody is to be told because he may see something else is told in steps of its own, of bounded size,
before the changes of those enterprises. Moments come by the step, never by a timer: ``is_due`` only brings one about.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

from bus import topics
from bus.avro.decoding import Decoder
from catalogue.errors import PoisonMessage
from catalogue.times import business_date, micros
from processing.output import Batches, Output, StoreWrites, no_outcomes
from processing.processor import PartitionTask
from processing.store import Store
from rules.release.labels import LabelPolicy
from rules.release.visible import is_enterprise
from sinks.banks import keys
from sinks.banks.batch import ReadBatch, ReadChange, read_batch
from sinks.banks.chain import StepChain
from sinks.banks.consent_book import ConsentBook
from sinks.banks.entitlements import Entitlements, SubjectStanding
from sinks.banks.holdings import Holdings
from sinks.banks.recipient_book import RecipientBook
from sinks.banks.standings import Standings
from sinks.banks.telling import StepTelling

MOST_MESSAGES = 2000
"""In one transaction: a snapshot of everybody would fill a worker's memory."""
_SWEEP_S = 0.5
"""So long is everybody looked at before what came meanwhile is taken."""
_MOST_DUE = 2000


class ReleaseTask(PartitionTask):
    """Tells the recipients of one partition's enterprises."""

    def __init__(
        self,
        store: Store,
        decode: Decoder,
        policy: LabelPolicy,
        recipients: RecipientBook,
        consents: ConsentBook,
        holdings: Holdings,
        telling: StepTelling,
        chain: StepChain,
        reached: Mapping[str, int],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """``reached``: the next offset of each input that is folded."""
        self._store, self._decode, self._policy = store, decode, policy
        self._recipients, self._consents, self._holdings = recipients, consents, holdings
        self._telling, self._made, self._chain, self._clock = telling, telling.made, chain, clock
        self._reached = dict(reached)
        self._read = ReadBatch()
        self._standings = Standings(recipients, consents, telling)
        self._next_due = _first_due(self._store)
        swept_to = store.get(keys.SWEEP)
        self._is_sweeping, self._swept_to = swept_to is not None, (swept_to or b"").decode()
        self._has_more_due = False
        # Of what counts for all nothing is known to have changed, until it was compared.
        self._day: date | None = None
        self._pending: StoreWrites = {}

    def is_due(self) -> bool:
        """Whether a moment has come, or everybody is still being looked at."""
        now = self._clock()
        return self._is_sweeping or self._next_due <= micros(now) or self._day != business_date(now)

    def parts(self, batches: Batches, *, careful: bool = False) -> Iterator[Output]:
        """Yield what recipients are told because they may see something else."""
        self._made.forget()
        if careful:
            # The batch is taken once more, without what could not be read of it.
            self._standings.clear()
        for folded in (self._holdings, self._consents, self._recipients):
            folded.written()
        self._pending = {}
        read = self._read = read_batch(batches, self._decode, self._consents, self._recipients)
        moment = self._moment = self._clock()
        day = business_date(moment)
        # What they follow from changes with the day and the recipients alone, and is much for each step.
        if day != self._day or topics.RECIPIENT in read.governed:
            self._day = day
            self._entitlements = Entitlements(self._policy, {one.recipient: one for one in self._recipients}, day)
            self._note_basis()
        self._telling.begin(moment, self._entitlements)
        self._standings.begin(moment, self._entitlements)
        for subject in read.touched:
            self._standings.forget(subject)
        due = self._due_subjects(moment)
        changing = (change.value["subject"] for change in read.changes if is_enterprise(change.value))
        for subject in dict.fromkeys((*read.touched, *due.values(), *changing)):
            yield from self._tell_difference(subject)
        # Behind the difference: what may be seen no more has to be withdrawn before it is forgotten.
        for recipient, subject in read.anew:
            self._made.forget_told(recipient, subject)
            self._standings.forget(subject)
            yield from self._tell_difference(subject)
        self._pending.update(dict.fromkeys(due))
        if due or not self._chain.is_empty:
            yield self._part()
        if self._is_sweeping:
            yield from self._sweep()
        self._next_due = _first_due(self._store)

    def work(self, batches: Batches, *, careful: bool = False) -> Iterator[Output]:
        """Yield what recipients are told of the changes."""
        output = Output(no_outcomes(batches))
        for topic, messages in batches.items():
            for message in messages:
                problem = self._read.refused.get((topic, message.offset))
                if problem is not None:
                    output.reject(topic, message, problem)
                elif topic in topics.RELEASE_GOVERNANCE:
                    output.outcomes[topic]["merged"] += 1
        for change in self._read.changes:
            if not is_enterprise(change.value):
                output.outcomes[change.topic]["superseded"] += 1
                continue
            problem = self._tell(change)
            if problem is None:
                output.outcomes[change.topic]["merged"] += 1
            else:
                output.reject(change.topic, change.message, problem)
            if self._made.told >= MOST_MESSAGES:
                yield self._made.moved_to(output)
                output = Output(no_outcomes(batches))
        yield self._made.moved_to(output)
        yield self._ended({topic: messages[-1].offset + 1 for topic, messages in batches.items()})
        # Else each partition would keep the changes of its last batch, some 20 MB, until the next one comes.
        self._read = ReadBatch()
        self._made.rest()

    def _ended(self, after: Mapping[str, int], *, is_over: bool = True) -> Output:
        """Return what ends a step: the marks, the step, and up to where the inputs are folded.

        ``is_over``: nobody is left of those whom the batch made to be looked at.
        """
        output = self._made.take()
        marks = self._made.take_marks()
        output.messages.update(marks.messages)
        output.writes.update(marks.writes | self._holdings.writes())
        output.writes.update(self._consents.writes(self._moment) | self._recipients.writes() | self._pending)
        self._reached.update(after)
        for topic, offset in after.items():
            output.writes[keys.FOLDED + topic.encode()] = b"%d" % offset
        is_settled = is_over and not (self._is_sweeping or self._has_more_due)
        step = self._chain.step(self._policy.version, self._moment, self._reached, is_settled=is_settled)
        output.messages[topics.RELEASE].append((None, step))
        output.messages[topics.RELEASE_SEQUENCE].append((keys.STEP_KEY, step))
        output.writes[keys.STEP] = step
        return output

    def _part(self, *, is_over: bool = True) -> Output:
        """Return what was made so far as a step of its own; the changes stay where they are."""
        return self._ended(self._read.governed, is_over=is_over)

    def _tell_difference(self, subject: str) -> Iterator[Output]:
        """Tell what an enterprise's recipients may see else; of one of which nothing was told yet there is nothing."""
        if not self._holdings.has_any(subject):
            return
        standing = self._standings.of(subject)
        if not self._standings.differs(subject, standing):
            return
        as_of, name = self._reached.get(topics.CHANGE, 0), self._holdings.name(subject)
        consented = self._standings.consented(subject)
        for _ in self._telling.tell_difference(subject, name, standing, consented, as_of, MOST_MESSAGES):
            yield self._part(is_over=False)
        if self._made.told >= MOST_MESSAGES:
            yield self._part(is_over=False)

    def _tell(self, change: ReadChange) -> str | None:
        """Tell a change, and fold it; return what is wrong with a record of it that nobody can read."""
        value, subject = change.value, change.value["subject"]
        standing = self._standings.of(subject)
        if self._standings.differs(subject, standing):
            # Of this enterprise nothing was told to anybody yet. A change of a list does not have its name.
            is_record = change.topic == topics.CHANGE
            as_of = change.message.offset if is_record else self._reached.get(topics.CHANGE, 0)
            name = value["subject_name"] if is_record else None
            consented = self._standings.consented(subject)
            for _ in self._telling.tell_difference(subject, name, standing, consented, as_of, MOST_MESSAGES):
                pass
        if change.topic == topics.CHANGE:
            return self._tell_change(value, change.message.offset, standing)
        self._telling.tell_list_change(value, standing)
        self._holdings.fold_list(value)
        return None

    def _tell_change(self, value: Mapping[str, Any], offset: int, standing: SubjectStanding) -> str | None:
        problems: list[str] = []

        def dead_letter(record: Mapping[str, Any], problem: PoisonMessage) -> None:
            problems.append(f"{record['item']} of the event {record['event_id']}: {problem.message}")

        self._telling.tell_change(value, standing, dead_letter)
        self._holdings.fold(value, offset)
        return problems[0] if problems else None

    def _due_subjects(self, moment: datetime) -> dict[bytes, str]:
        """Return whose consents come into force or end by a moment, with the keys that say so."""
        upto, found = micros(moment), dict[bytes, str]()
        for key, _ in self._store.below(keys.DUES):
            at, subject = keys.due_micros_and_subject(key)
            if at > upto or len(found) >= _MOST_DUE:
                self._has_more_due = at <= upto
                return found
            found[key] = subject
        self._has_more_due = False
        return found

    def _note_basis(self) -> None:
        """Have everybody looked at when something else counts for all."""
        basis = self._entitlements.basis().encode()
        if self._store.get(keys.BASIS) != basis:
            self._pending |= {keys.BASIS: basis, keys.SWEEP: b""}
            self._is_sweeping, self._swept_to = True, ""

    def _sweep(self) -> Iterator[Output]:
        """Look at everybody, from where the last look ended, for some time."""
        until, last = time.monotonic() + _SWEEP_S, self._swept_to
        for subject in self._holdings.subjects(last):
            if time.monotonic() > until:
                self._swept_to = last
                self._pending[keys.SWEEP] = last.encode()
                break
            yield from self._tell_difference(subject)
            last = subject
        else:
            self._is_sweeping = False
            self._pending[keys.SWEEP] = None
        yield self._part()


def _first_due(store: Store) -> int:
    """Return the first moment at which somebody is to be looked at, in microseconds of the wire."""
    key = next((key for key, _ in store.below(keys.DUES)), None)
    return 1 << 63 if key is None else keys.due_micros_and_subject(key)[0]
