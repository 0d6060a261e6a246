"""The calendar of one partition number: with each day what is due moves, and sums that are missing are made."""

import itertools
from collections.abc import Callable, Iterable, Mapping
from datetime import date

from catalogue.envelope import ItemId
from rules.merge import Record, is_live
from streams.merge.rolling import Due, Rolling
from streams.merge.subject import SubjectBatch

# Where no day was ever told.
EPOCH = date(1970, 1, 1)
# Of one transaction: a day on which all enterprises have something due must not be one that fills a worker's memory.
MOST_SUBJECTS = 2000


class Calendar:
    """Takes a number's subjects from day to day.

    ``subject`` begins a batch of a subject's; ``items`` yields every subject's items that have records, each one's in a
    row; ``publish`` commits what came of some subjects, ``most`` of them at once, as of a day.
    """

    def __init__(
        self,
        rolling: Rolling,
        subject: Callable[[str], SubjectBatch],
        items: Callable[[], Iterable[tuple[str, ItemId]]],
        publish: Callable[[Mapping[str, SubjectBatch], date], None],
        most: int = MOST_SUBJECTS,
    ) -> None:
        self._rolling, self._subject, self._items, self._publish = rolling, subject, items, publish
        self._most = most

    def roll(self, since: date, upto: date) -> None:
        """Go on day by day, each day's changes published before the next one's; a repetition changes nothing.

        From ``EPOCH`` it is one step: the years before the first day were nobody's business dates.
        """
        if since >= upto:
            return
        if since == EPOCH:
            self._rolling.forget()
            self._complete(upto)
            return
        if not self._rolling.is_complete():
            self._complete(since)
        day = self._rolling.next_due(since)
        while day is not None and day <= upto:
            for due in self._rolling.due(day, self._most):
                self._move(due, day)
            day = self._rolling.next_due(day)

    def _move(self, due: Iterable[Due], day: date) -> None:
        subjects: dict[str, SubjectBatch] = {}
        live: dict[tuple[str, ItemId], list[tuple[str, Record]]] = {}
        for subject, item, key in due:
            batch = subjects.get(subject)
            if batch is None:
                batch = subjects[subject] = self._subject(subject)
            batch.due.add(item)
            record = batch.load_record(subject, item, key)
            counts = record is not None and is_live(record.envelope, batch.mark(item, now=False))
            live.setdefault((subject, item), []).extend([(key, record)] if record is not None and counts else [])
        for (subject, item), records in live.items():
            self._rolling.move(subject, item, records, day)
        self._publish(subjects, day)

    def _complete(self, as_of: date) -> None:
        """Make the sums that are not there: of records that were restored, or by indicators that were defined anew.

        What states hold by indicators that are no longer defined goes, too.
        """
        todo: dict[str, SubjectBatch] = {}
        for subject, own in itertools.groupby(self._items(), _subject):
            lacking = [item for _, item in own if self._rolling.lacks(subject, item)]
            batch = self._subject(subject)
            if not lacking and batch.held.indicators.keys() <= self._rolling.defined:
                continue
            if len(todo) == self._most:
                self._publish(todo, as_of)
                todo = {}
            todo[subject] = batch
            for item in lacking:
                # A former owner may have taken this one further than he took the number.
                self._rolling.build(subject, item, batch.live_before(item), max(as_of, batch.held.as_of))
                batch.due.add(item)
        self._rolling.complete()
        self._publish(todo, as_of)


def _subject(of: tuple[str, ItemId]) -> str:
    return of[0]
