"""The rating of one partition: the lists of a day that ended, days and models, which may rate all anew, then values."""

import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

from bus import topics
from bus.avro import writer
from bus.business_date import business_date_of
from catalogue.errors import PoisonMessage
from processing.output import Batches, InputMessage, Output, no_outcomes
from processing.processor import PartitionTask
from processing.store import Store
from rules.rating.messages import entry_of, version_of
from rules.rating.reviews import Entry
from rules.rating.schedule import ModelVersion, Running, running_on
from rules.rating.scoring import is_rated
from streams.rating.day_close import DayClose
from streams.rating.keys import VALUES, VALUES_READ, subject_of, values_key
from streams.rating.rater import Rater, Read
from streams.rating.values import Groups, unpack
from streams.rating.values_fold import ELSEWHERE, ValuesFold
from streams.rating.values_reader import ValuesReader

MOST_SUBJECTS = 2000
"""In one transaction: when another model rules all are rated anew, and all at once would fill a worker's memory."""
# So many are handed to the producer at once; it sends them while the next ones are worked out.
_SUBJECTS_A_PIECE = 500
EPOCH = date(1970, 1, 1)
"""The day of a partition to which no day was published yet."""
_DAY = timedelta(days=1)


class RatingTask(PartitionTask):
    """Rates the enterprises of one partition; a batch rates each that it touches once."""

    def __init__(
        self,
        store: Store,
        decode: Read,
        read_values: ValuesReader,
        rater: Rater,
        day_close: DayClose,
        as_of: date,
        versions: Iterable[ModelVersion],
        entries: dict[str, dict[int, Entry]],
        belongs: Callable[[str], bool],
    ) -> None:
        """``entries``: reviews and appeals by subject and number; ``belongs``: whether a subject is of this partition.

        ``decode`` leaves decimals unscaled.
        """
        self._store, self._decode, self._rater, self._as_of = store, decode, rater, as_of
        self._values, self._shapes = ValuesFold(store, read_values, belongs), read_values.shapes
        self._day_close = day_close
        self._versions = {one.number: one for one in versions}
        self._entries, self._belongs = entries, belongs
        self._use(running_on(self._versions.values(), as_of))

    def parts(self, batches: Batches, *, careful: bool = False) -> Iterator[Output]:
        """Yield what changes because a day has ended, another one has come, or other models run."""
        days = [business_date_of(self._decode, message.value) for message in batches.get(topics.CALENDAR, ())]
        since, upto = self._as_of, max((day for day in days if day is not None), default=self._as_of)
        if EPOCH < since < upto:
            # Before anything is rated by the new day.
            yield from self._day_close.decide(since, upto - _DAY, self._rater.models)
        for message in batches.get(topics.RATING_MODEL, ()):
            version = self._version(message)
            if version is not None:
                self._versions.setdefault(version.number, version)
        self._as_of = max(since, upto)
        running = running_on(self._versions.values(), self._as_of)
        # A rating is a pure function: what a model said that runs as before is the same, but for reviews that ended.
        changed = frozenset(one.version.model for one in running if one not in self._running)
        if running != self._running:
            self._use(running)
        if changed:
            yield from self._rated(self._subjects(), changed)
        yield from self._rated(self._ended(since))

    def work(self, batches: Batches, *, careful: bool = False) -> Iterator[Output]:
        """Take values and reviews, then rate whom they are about."""
        output, values = Output(no_outcomes(batches)), self._values
        for message in batches.get(topics.CALENDAR, ()):
            # One that tells no day is the merge's dead letter: a message is set aside once.
            is_day = business_date_of(self._decode, message.value) is not None
            output.outcomes[topics.CALENDAR]["merged" if is_day else "superseded"] += 1
        for message in batches.get(topics.RATING_MODEL, ()):
            if self._version(message) is None:
                output.reject(topics.RATING_MODEL, message, "The message holds no rating model that can be read.")
            else:
                output.outcomes[topics.RATING_MODEL]["merged"] += 1
        for message in batches.get(topics.REVIEW, ()):
            self._take_entry(message, output)
        told = batches.get(topics.INDICATOR, ())
        for message in told:
            try:
                output.outcomes[topics.INDICATOR][values.take(message)] += 1
            except PoisonMessage as problem:
                output.reject(topics.INDICATOR, message, problem.message)
        touched, changed_at = values.touched, writer.timestamp(datetime.now(UTC))
        output.writes.update(values.writes())
        for count, (subject, groups) in enumerate(touched.items(), start=1):
            if groups:
                # Else a review is about somebody of whom nothing is known.
                self._rate(subject, groups, changed_at, output)
            if count % _SUBJECTS_A_PIECE == 0:
                yield output
                output = Output()
        if told:
            output.writes[VALUES_READ] = b"%d" % (told[-1].offset + 1)
        yield output

    def _take_entry(self, message: InputMessage, output: Output) -> None:
        try:
            value = self._decode(message.value or b"")
            entry, subject = entry_of(value), value["subject"]
        except PoisonMessage as problem:
            output.reject(topics.REVIEW, message, problem.message)
            return
        if not self._belongs(subject):
            output.reject(topics.REVIEW, message, ELSEWHERE)
            return
        own = self._entries.setdefault(subject, {})
        output.outcomes[topics.REVIEW]["duplicate" if entry.number in own else "merged"] += 1
        own.setdefault(entry.number, entry)
        if is_rated(subject):
            self._values.of(subject)

    def _use(self, running: tuple[Running, ...]) -> None:
        self._running = running
        self._shapes.want(self._rater.use(running))

    def _version(self, message: InputMessage) -> ModelVersion | None:
        try:
            return version_of(self._decode(message.value or b""))
        except PoisonMessage:
            return None

    def _rate(
        self, subject: str, groups: Groups, changed_at: bytes, output: Output, only: Collection[str] | None = None
    ) -> None:
        entries = self._entries.get(subject)
        held = () if entries is None else tuple(entries.values())
        self._rater.rate(subject, self._shapes.wanted_of(groups), held, self._as_of, changed_at, output, only)

    def _subjects(self) -> Iterator[tuple[str, Groups]]:
        for key, raw in self._store.below(VALUES):
            yield subject_of(key), unpack(raw)

    def _ended(self, since: date) -> Iterator[tuple[str, Groups]]:
        """Yield whom a review was about that held on a day ``since`` and holds no more."""
        for subject, entries in self._entries.items():
            if any(since <= one.until < self._as_of for one in entries.values()):
                yield subject, unpack(self._store.get(values_key(subject)))

    def _rated(self, subjects: Iterator[tuple[str, Groups]], only: Collection[str] | None = None) -> Iterator[Output]:
        """Yield the ratings of subjects that changed, of some at a time; ``only``: by these models, by their ids."""
        for part in _in_parts(subjects):
            output, changed_at = Output(), writer.timestamp(datetime.now(UTC))
            for subject, groups in part:
                self._rate(subject, groups, changed_at, output, only)
            if output.writes:
                yield output


def _in_parts(subjects: Iterator[tuple[str, Groups]]) -> Iterator[Sequence[tuple[str, Groups]]]:
    while part := list(itertools.islice(subjects, MOST_SUBJECTS)):
        yield part
