"""The merge of one partition: days first, then events, then what came of each subject."""

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime

from bus import topics
from bus.avro import writer
from bus.avro.decoding import Decoder
from bus.business_date import business_date_of
from catalogue.envelope import PERSON_PREFIX, UNIT_PREFIX, ItemId, changelog_key
from catalogue.errors import PoisonMessage
from processing.output import Batches, Output, no_outcomes
from processing.processor import PartitionTask
from processing.store import Store
from rules.indicators.groups import Groups
from rules.merge import Outcome, Record
from rules.release.publication import Publications
from streams.merge.calendar import Calendar
from streams.merge.keys import (
    RECORDS,
    record_prefix,
    stored_record,
    stored_state,
    stored_values,
    subject_prefix,
    values_key,
    values_prefix,
)
from streams.merge.publishing import SubjectPublisher
from streams.merge.record_shares import RecordShares
from streams.merge.rolling import Rolling
from streams.merge.state import SubjectState, unpack
from streams.merge.subject import SubjectBatch
from streams.merge.update import update_of
from streams.merge.values import Values, unpack_values

log = logging.getLogger(__name__)
# Persons and nil reports have no enterprise's state.
_STATELESS = (PERSON_PREFIX, UNIT_PREFIX)
# So many are handed to the producer at once; it sends them while the next ones are worked out.
_SUBJECTS_A_PIECE = 250


class MergeTask(PartitionTask):
    """Merges the batches of one partition.

    Payloads are read late: where an indicator needs them, and then only what it needs. So an unreadable one may show
    when its event was merged already; PoisonMessage then, and ``careful`` reads each payload first.
    """

    def __init__(
        self,
        store: Store,
        decode: Decoder,
        groups: Groups,
        publications: Publications,
        publisher: SubjectPublisher,
        as_of: date,
        belongs: Callable[[str], bool],
    ) -> None:
        """``belongs``: whether a subject is of this partition."""
        self._store, self._decode, self._groups = store, decode, groups
        self._publisher, self._as_of = publisher, as_of
        self._publications, self._belongs = publications, belongs
        self._shares = RecordShares(groups, decode.payload)
        self._rolling = Rolling(store, groups, self._shares)
        self._rolling.begin(as_of)

    def parts(self, batches: Batches, *, careful: bool = False) -> Iterator[Output]:
        """Yield what moves with the calendar, up to the latest day in the batches."""
        if careful:
            # What cannot be read even now is a record of before its item had an indicator: it counts in none.
            self._shares.lenient = True
            self._rolling = Rolling(self._store, self._groups, self._shares)
        days = [business_date_of(self._decode, message.value) for message in batches.get(topics.CALENDAR, ())]
        upto = max((day for day in days if day is not None), default=self._as_of)
        calendar = Calendar(self._rolling, self._begin, self._items, self._publications.rules)
        for subjects, as_of in calendar.roll(self._as_of, upto):
            output, changed_at = Output(), writer.timestamp(datetime.now(UTC))
            for batch in subjects.values():
                self._add(batch, as_of, changed_at, output)
            output.writes.update(self._rolling.flush())
            yield output
        self._as_of = max(self._as_of, upto)

    def work(self, batches: Batches, *, careful: bool = False) -> Iterator[Output]:
        """Merge the events, then yield what came of their subjects."""
        subjects: dict[str, SubjectBatch] = {}
        output = Output(no_outcomes(batches))
        envelope_of, ending = self._decode.envelope, self._publications.rules
        for topic, messages in batches.items():
            outcomes = output.outcomes[topic]
            if topic == topics.CALENDAR:
                for message in messages:
                    if business_date_of(self._decode, message.value) is None:
                        output.reject(topic, message, "The message tells no day.")
                    else:
                        outcomes[Outcome.MERGED] += 1
                continue
            for message in messages:
                try:
                    envelope, head, schema_id, payload = envelope_of(message.value or b"")
                    event = Record(envelope, schema_id, payload, head)
                    if envelope.item in ending:
                        # One that cannot be read would count without end.
                        self._publications.until(event)
                    if careful:
                        self._shares.check(envelope.item, event)
                except PoisonMessage as problem:
                    output.reject(topic, message, problem.message)
                    continue
                subject = subjects.get(envelope.subject)
                if subject is None:
                    if not self._belongs(envelope.subject):
                        # Merged here, it would give the subject a second state, with a second owner.
                        output.reject(topic, message, "It lies in another partition than its subject's.")
                        continue
                    subject = subjects[envelope.subject] = self._begin(envelope.subject)
                outcomes[subject.take(event)] += 1
        changed_at = writer.timestamp(datetime.now(UTC))
        for count, batch in enumerate(subjects.values(), start=1):
            self._add(batch, self._as_of, changed_at, output)
            if count % _SUBJECTS_A_PIECE == 0:
                yield output
                output = Output()
        output.writes.update(self._rolling.flush())
        self._shares.lenient = False
        yield output

    def _add(self, batch: SubjectBatch, as_of: date, changed_at: bytes, output: Output) -> None:
        """Add what came of one subject."""
        self._publisher.add_records(batch, output)
        if not batch.subject.startswith(_STATELESS):
            update = update_of(batch, self._rolling, self._groups.by_item, as_of)
            self._publisher.add_update(batch.subject, update, changed_at, output)

    def _begin(self, subject: str) -> SubjectBatch:
        loaders = (self._load_record, self._load_item, self._load_all)
        values = (self._load_values, self._load_valued)
        return SubjectBatch(subject, self._state(subject), *loaders, self._until, *values)

    def _until(self, record: Record) -> date | None:
        # Asked some times for each event, nearly all of which are of other items.
        if record.envelope.item not in self._publications.rules:
            return None
        try:
            return self._publications.until(record)
        except PoisonMessage as problem:
            # It was merged before its item had such a rule. No sink can read it either, so that nobody is told it.
            log.error("nothing ends the record %s: %s", record.envelope.event_id, problem)
            return None

    def _state(self, subject: str) -> SubjectState:
        raw = self._store.get(stored_state(subject))
        return SubjectState(as_of=self._as_of) if raw is None else unpack(raw, self._decode)

    def _load_values(self, subject: str, item: str) -> Values:
        raw = self._store.get(stored_values(values_key(subject, item)))
        return {} if raw is None else unpack_values(raw, self._decode)

    def _load_valued(self, subject: str) -> list[str]:
        prefix = values_prefix(subject)
        return [key[len(prefix) :].decode() for key, _ in self._store.below(prefix)]

    def _items(self) -> Iterator[tuple[str, ItemId]]:
        last = (b"", b"")
        for key, _ in self._store.below(RECORDS):
            subject, item, _ = key[1:].split(b"\x00", 2)
            if (subject, item) != last:
                last = (subject, item)
                yield subject.decode(), ItemId(item.decode())

    def _load_record(self, subject: str, item: str, key: str) -> Record | None:
        raw = self._store.get(stored_record(changelog_key(subject, item, key)))
        return None if raw is None else self._record(raw)

    def _load_item(self, subject: str, item: str) -> Iterable[Record]:
        for _, raw in self._store.below(record_prefix(subject, item)):
            yield self._record(raw)

    def _load_all(self, subject: str) -> Iterable[Record]:
        for _, raw in self._store.below(subject_prefix(subject)):
            yield self._record(raw)

    def _record(self, raw: bytes) -> Record:
        envelope, head, schema_id, payload = self._decode.record(raw)
        return Record(envelope, schema_id, payload, head)
