"""The calendar of one partition: with each day the shares that are due move, and sums that are missing are made."""

import itertools
from collections.abc import Callable, Container, Iterable, Iterator
from datetime import date

from catalogue.envelope import ItemId, is_mark
from rules.merge import Record
from streams.merge.due import DueRecord
from streams.merge.rolling import Rolling
from streams.merge.subject import SubjectBatch

# The day of a partition to which no day was published yet.
EPOCH = date(1970, 1, 1)
# In one transaction. On some days every enterprise has something due: all at once would fill a worker's memory.
MOST_SUBJECTS = 2000
# Subjects that are to be published together, as of a day.
DayPart = tuple[dict[str, SubjectBatch], date]


class Calendar:
    """Takes the subjects of a partition from day to day, in parts of at most ``most`` subjects.

    ``begin`` begins a batch of a subject; ``items`` yields the items of which each subject has records, a subject's one
    after the other. ``ending``: the items whose records the law ends.
    """

    def __init__(
        self,
        rolling: Rolling,
        begin: Callable[[str], SubjectBatch],
        items: Callable[[], Iterable[tuple[str, ItemId]]],
        ending: Container[str],
        most: int = MOST_SUBJECTS,
    ) -> None:
        self._rolling, self._begin, self._items = rolling, begin, items
        self._ending, self._most = ending, most

    def roll(self, since: date, upto: date) -> Iterator[DayPart]:
        """Yield day by day what moves; each part has to be published and stored before the next is asked for.

        Published again from ``since`` on, nothing changes twice. From ``EPOCH`` it is one step: the years before the
        first day were nobody's business dates.
        """
        if since >= upto:
            return
        if since == EPOCH:
            self._rolling.forget()
            yield from self._complete(upto)
            return
        if not self._rolling.is_complete():
            yield from self._complete(since)
        day = self._rolling.next_due(since)
        while day is not None and day <= upto:
            for due in self._rolling.due(day, self._most):
                yield self._move(due, day), day
            day = self._rolling.next_due(day)

    def _move(self, due: Iterable[DueRecord], day: date) -> dict[str, SubjectBatch]:
        subjects: dict[str, SubjectBatch] = {}
        live: dict[tuple[str, ItemId], list[tuple[str, Record]]] = {}
        for subject, item, key in due:
            batch = subjects.get(subject)
            if batch is None:
                batch = subjects[subject] = self._begin(subject)
            record = batch.load_record(subject, item, key)
            if record is not None:
                batch.end(record, batch.until(record), day)
            if not self._rolling.is_rated(item):
                continue
            batch.due.add(item)
            counts = record is not None and batch.was_live(record)
            live.setdefault((subject, item), []).extend([(key, record)] if record is not None and counts else [])
        for (subject, item), records in live.items():
            self._rolling.move(subject, item, records, day)
        return subjects

    def _complete(self, as_of: date) -> Iterator[DayPart]:
        """Make the sums that are missing: of records that were restored, or by indicators that are defined anew.

        Indicators that are no longer defined leave the states, too, and states by a former rule are computed anew.
        """
        part: dict[str, SubjectBatch] = {}
        for subject, own in itertools.groupby(self._items(), _subject):
            items = [item for _, item in own]
            lacking = [item for item in items if self._rolling.lacks(subject, item)]
            batch = self._begin(subject)
            ended = self._end(batch, items, as_of)
            batch.dropped |= {
                group for group in batch.load_valued(subject) if not self._rolling.has_values(group, items)
            }
            if not lacking and not ended and not batch.state.outdated and not batch.dropped:
                continue
            if len(part) == self._most:
                yield part, as_of
                part = {}
            part[subject] = batch
            for item in lacking:
                # A former owner may have taken this subject further than the partition.
                self._rolling.build(subject, item, batch.live_before(item), max(as_of, batch.state.as_of))
                batch.due.add(item)
        self._rolling.complete()
        yield part, as_of

    def _end(self, batch: SubjectBatch, items: Iterable[ItemId], as_of: date) -> bool:
        """End what the law ended by a day, and note the days of what it will end; whether anything ended."""
        ended = False
        for item in items:
            for record in batch.load_item(batch.subject, item) if item in self._ending else ():
                if not is_mark(record.envelope.record_key):
                    until = batch.until(record)
                    ended |= batch.end(record, until, as_of)
                    self._rolling.expect(batch.subject, record, until, as_of)
        return ended


def _subject(subject_item: tuple[str, ItemId]) -> str:
    return subject_item[0]
