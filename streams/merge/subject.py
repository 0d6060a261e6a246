"""One subject inside one batch: which of its records the events replace, and which cease or begin to count."""

import itertools
from collections.abc import Callable, Iterable
from datetime import date
from typing import NamedTuple

from bus.avro.encoding import encode_envelope
from catalogue.envelope import SET_MARK, ItemId, RecordKey, is_mark
from rules.merge import Name, Outcome, Record, SetSince, is_live, join, named, same_content, set_mark, set_since
from streams.merge.state import BY_LAW, BY_PERIOD, SubjectState
from streams.merge.values import Values

# From the subject, the item and the record key to the winning record.
LoadRecord = Callable[[str, str, str], Record | None]
# From the subject and the item to its winning records, marks included.
LoadItem = Callable[[str, str], Iterable[Record]]
# From the subject to the winning records of all its items, marks included.
LoadAll = Callable[[str], Iterable[Record]]
# From the subject and the group to the values of its indicators, and from the subject to the groups that have some.
LoadValues = Callable[[str, str], Values]
LoadValued = Callable[[str], Iterable[str]]
# From the record to the first day on which it may no longer be used.
LoadUntil = Callable[[Record], date | None]
ItemKey = tuple[ItemId, RecordKey]


class RecordUpdate(NamedTuple):
    """A record that another version took the place of, or that began or ceased to count.

    ``before`` is the version before; None when there was none. It may be the same one.
    """

    new: Record
    live: bool
    before: Record | None
    was_live: bool

    @property
    def says_else(self) -> bool:
        """Whether it says something else now; the same content for a later moment does not."""
        return self.before is None or not same_content(self.before.envelope, self.new.envelope)

    @property
    def changed(self) -> bool:
        """Whether anybody is to be told."""
        return self.live != self.was_live or self.says_else

    @property
    def old(self) -> Record | None:
        """The version before, for whoever is told; None when the record changed no content and did not count."""
        return self.before if self.was_live or self.says_else else None


class SubjectBatch:
    """Collects the events of one subject in a batch; nothing is written."""

    __slots__ = (
        "after", "before", "dropped", "due", "ended", "load_all", "load_item", "load_record", "load_valued",
        "load_values", "name", "state", "subject", "until",
    )  # fmt: skip

    def __init__(
        self,
        subject: str,
        state: SubjectState,
        load_record: LoadRecord,
        load_item: LoadItem,
        load_all: LoadAll,
        until: LoadUntil,
        load_values: LoadValues,
        load_valued: LoadValued,
    ) -> None:
        # ``state`` is that before the batch.
        self.subject, self.state = subject, state
        self.load_record, self.load_item, self.load_all, self.until = load_record, load_item, load_all, until
        self.load_values, self.load_valued = load_values, load_valued
        # The winning records before the batch, of those that were looked at; and those that the batch put in place.
        self.before: dict[ItemKey, Record | None] = {}
        self.after: dict[ItemKey, Record] = {}
        # Items of which a share began or ceased to count with the calendar.
        self.due: set[ItemId] = set()
        # Groups of which values are held, and indicators are no longer computed.
        self.dropped: set[str] = set()
        # Records that the law ended with the calendar.
        self.ended: set[ItemKey] = set()
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

    def since(self, record: Record, *, now: bool) -> SetSince | None:
        """Return since when the latest set that a record may be a member of holds, after or before this batch."""
        # By the former rule an item had one set, whatever the period.
        by_item = self.state.rule < BY_PERIOD and not now
        key = (record.envelope.item, SET_MARK if by_item else record.envelope.set_key)
        if key not in self.before:
            self.before[key] = self.load_record(self.subject, *key)
        mark = (self.after.get(key) if now else None) or self.before[key]
        return None if mark is None else set_since(mark.envelope)

    def end(self, record: Record, until: date | None, day: date) -> bool:
        """Note that the law ends a record by a day, if it does; whether that is news. ``until``: the record's own."""
        if until is None or not self.state.as_of < until <= day:
            return False
        key = (record.envelope.item, record.envelope.record_key)
        self.before.setdefault(key, record)
        self.ended.add(key)
        return True

    def was_live(self, record: Record) -> bool:
        """Whether a record counted before this batch, as was published last."""
        until = self.until(record) if self.state.rule >= BY_LAW else None
        return is_live(record.envelope, self.since(record, now=False), until, self.state.as_of)

    def values_before(self, group: str, defined: Iterable[str]) -> Values:
        """Return the values of a group's indicators before this batch; ``defined``: those that there are."""
        held = self.load_values(self.subject, group)
        if not held and self.state.former:
            return {name: self.state.former[name] for name in defined if name in self.state.former}
        return held

    def live_before(self, item: str) -> Iterable[tuple[str, Record]]:
        """Yield the item's records that counted before this batch, with their keys."""
        for record in self.load_item(self.subject, item):
            key = record.envelope.record_key
            if not is_mark(key) and self.was_live(record):
                yield key, record

    def record_updates(self, day: date) -> list[RecordUpdate]:
        """Return every record that this batch replaced, or made count or no longer count, in a fixed order.

        Those that say the same for a later moment are among them (``RecordUpdate.changed``). What counts is what counts
        on ``day``.
        """
        updates: list[RecordUpdate] = []
        # Of a state by a former rule every record is looked at, once.
        every = [(r.envelope.item, r.envelope.record_key) for r in self._every()]
        for item, keys in itertools.groupby(sorted({*self.after, *every, *self.ended}), _item):
            own = list(keys)
            untouched: dict[ItemKey, Record] = {}
            if self.state.outdated or any(is_mark(key[1]) and self._moved(key) for key in own):
                # Members that the new set left behind change without an event of their own.
                untouched = {(r.envelope.item, r.envelope.record_key): r for r in self.load_item(self.subject, item)}
                own = sorted({*own, *untouched})
            for key in own:
                if is_mark(key[1]):
                    continue
                new = self.after.get(key) or untouched.get(key) or self.before[key]
                assert new is not None, "a record that ended was there before"
                before = self.before.get(key, new)
                was_live = before is not None and self.was_live(before)
                live = is_live(new.envelope, self.since(new, now=True), self.until(new), day)
                if before is not new or live != was_live or self.state.outdated:
                    updates.append(RecordUpdate(new, live, before, was_live))
        return updates

    def _every(self) -> Iterable[Record]:
        return self.load_all(self.subject) if self.state.outdated else ()

    def _moved(self, key: ItemKey) -> bool:
        before = self.before[key]
        return before is None or before.envelope.version != self.after[key].envelope.version


def _item(key: ItemKey) -> ItemId:
    return key[0]
