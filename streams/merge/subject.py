"""One subject inside one batch: which of its records the events replace, and which cease or begin to count."""

import itertools
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import NamedTuple

from bus.avro.encoding import encode_envelope
from catalogue.envelope import SET_MARK, ItemId, RecordKey
from rules.merge import Name, Outcome, Record, is_live, is_mark, join, named, set_mark
from streams.merge.state import SubjectState

# From the subject, the item and the record key to the winning record.
LoadRecord = Callable[[str, str, str], Record | None]
# From the subject and the item to its winning records, marks included.
LoadItem = Callable[[str, str], Iterable[Record]]
ItemKey = tuple[ItemId, RecordKey]


class RecordUpdate(NamedTuple):
    """A record that replaced another one, or that began or ceased to count.

    ``old`` is the version before; None when there was none, or when the record changed no content and did not count.
    """

    new: Record
    live: bool
    old: Record | None
    was_live: bool


class SubjectBatch:
    """Collects the events of one subject in a batch; nothing is written."""

    __slots__ = ("after", "before", "due", "load_item", "load_record", "name", "state", "subject")

    def __init__(self, subject: str, state: SubjectState, load_record: LoadRecord, load_item: LoadItem) -> None:
        # ``state`` is that before the batch.
        self.subject, self.state = subject, state
        self.load_record, self.load_item = load_record, load_item
        # The winning records before the batch, of those that were looked at; and those that the batch put in place.
        self.before: dict[ItemKey, Record | None] = {}
        self.after: dict[ItemKey, Record] = {}
        # Items of which a share began or ceased to count with the calendar.
        self.due: set[ItemId] = set()
        self.name: Name | None = None

    def take(self, event: Record) -> Outcome:
        """Merge one event and say what became of it."""
        outcome = self._join(event)
        self.name = named(self.name, event.envelope)
        mark = set_mark(event.envelope)
        if mark is not None:
            self._join(Record(mark, 0, b"\x00", encode_envelope(mark)))
        return outcome

    def _join(self, event: Record) -> Outcome:
        key = (event.envelope.item, event.envelope.record_key)
        current = self.after.get(key)
        if current is None:
            if key not in self.before:
                self.before[key] = self.load_record(self.subject, *key)
            current = self.before[key]
        winner, outcome = join(current, event)
        if winner is not current:
            self.after[key] = winner
        return outcome

    def mark(self, item: ItemId, *, now: bool) -> tuple[datetime, int] | None:
        """Return since when the item's latest whole set holds, after or before this batch."""
        key = (item, SET_MARK)
        if key not in self.before:
            self.before[key] = self.load_record(self.subject, *key)
        record = (self.after.get(key) if now else None) or self.before[key]
        return None if record is None else (record.envelope.source_time, record.envelope.revision)

    def live_before(self, item: ItemId) -> Iterable[tuple[str, Record]]:
        """Yield the item's records that counted before this batch, with their keys."""
        mark = self.mark(item, now=False)
        for record in self.load_item(self.subject, item):
            key = record.envelope.record_key
            if not is_mark(key) and is_live(record.envelope, mark):
                yield key, record

    def record_updates(self) -> list[RecordUpdate]:
        """Return every record that this batch replaced, or made count or no longer count, in a fixed order."""
        updates: list[RecordUpdate] = []
        for item, keys in itertools.groupby(sorted(self.after), _item):
            own = list(keys)
            differing = {key for key in own if _differs(self.before[key], self.after[key])}
            if not differing:
                continue
            mark_before, mark_now = self.mark(item, now=False), self.mark(item, now=True)
            untouched: dict[ItemKey, Record] = {}
            if mark_before != mark_now:
                # Members that the new set left behind change without an event of their own.
                untouched = {(r.envelope.item, r.envelope.record_key): r for r in self.load_item(self.subject, item)}
                own = sorted({*own, *untouched})
            for key in own:
                if is_mark(key[1]):
                    continue
                new = self.after.get(key) or untouched[key]
                old = self.before.get(key, new)
                was_live = old is not None and is_live(old.envelope, mark_before)
                live = is_live(new.envelope, mark_now)
                differs = key in differing
                if differs or live != was_live:
                    updates.append(RecordUpdate(new, live, old if was_live or differs else None, was_live))
        return updates


def _item(key: ItemKey) -> ItemId:
    return key[0]


def _differs(old: Record | None, new: Record) -> bool:
    return old is None or old.envelope.version != new.envelope.version
