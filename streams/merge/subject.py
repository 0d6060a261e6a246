"""One subject inside one batch: what its events change, and what is published of it."""

import itertools
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from bus.avro.encoding import encode_envelope
from catalogue.envelope import ENVELOPE_NAMES, SET_MARK, Envelope, ItemId, RecordKey
from rules.merge import Name, Outcome, Record, is_live, is_mark, join, named, replace_in_digest, set_mark
from streams.merge.rolling import Replaced, Rolling

LoadRecord = Callable[[str, str, str], Record | None]
LoadItem = Callable[[str, str], Iterable[Record]]
Key = tuple[ItemId, RecordKey]


class Held(NamedTuple):
    """The part of a subject's state that the next one is computed from; its mappings are never changed."""

    name: Name | None = None
    sequence: int = 0
    as_of: date = date.min
    digest: int = 0
    indicators: Mapping[str, int | None] = MappingProxyType({})  # in millionths
    counts: Mapping[str, int] = MappingProxyType({})

    @property
    def subject_name(self) -> str | None:
        """What the subject is called."""
        return self.name and self.name.text


class Moved(NamedTuple):
    """A record that another took the place of, or that began or ceased to count."""

    new: Record
    live: bool
    old: Record | None
    was_live: bool


class SubjectBatch:
    """Collects the events of one subject; nothing is written before ``close``."""

    __slots__ = ("after", "before", "due", "held", "load_item", "load_record", "name", "subject")

    def __init__(self, subject: str, held: Held, load_record: LoadRecord, load_item: LoadItem) -> None:
        self.subject, self.held = subject, held
        self.load_record, self.load_item = load_record, load_item
        self.before: dict[Key, Record | None] = {}
        self.after: dict[Key, Record] = {}
        # Items of which a share began or ceased to count with the calendar.
        self.due: set[ItemId] = set()
        self.name: Name | None = None

    def take(self, seen: Record) -> Outcome:
        """Merge one event and say what became of it."""
        result = self._join(seen)
        self.name = named(self.name, seen.envelope)
        mark = set_mark(seen.envelope)
        if mark is not None:
            self._join(Record(mark, 0, b"\x00", encode_envelope(mark)))
        return result

    def _join(self, seen: Record) -> Outcome:
        key = (seen.envelope.item, seen.envelope.record_key)
        current = self.after.get(key)
        if current is None:
            if key not in self.before:
                self.before[key] = self.load_record(self.subject, *key)
            current = self.before[key]
        winner, result = join(current, seen)
        if winner is not current:
            self.after[key] = winner
        return result

    def mark(self, item: ItemId, *, now: bool) -> tuple[datetime, int] | None:
        """Return since when the item's latest whole set holds, after or before this batch."""
        key = (item, SET_MARK)
        if key not in self.before:
            self.before[key] = self.load_record(self.subject, *key)
        found = (self.after.get(key) if now else None) or self.before[key]
        return None if found is None else (found.envelope.source_time, found.envelope.revision)

    def live_before(self, item: ItemId) -> Iterable[tuple[str, Record]]:
        """Yield the item's records that counted before this batch, with their keys."""
        mark = self.mark(item, now=False)
        for record in self.load_item(self.subject, item):
            key = record.envelope.record_key
            if not is_mark(key) and is_live(record.envelope, mark):
                yield key, record

    def moved(self) -> list[Moved]:
        """Return every record that this batch replaced, or made count or no longer count, in a fixed order."""
        found: list[Moved] = []
        for item, keys in itertools.groupby(sorted(self.after), _item):
            own = list(keys)
            differ = {key for key in own if _differs(self.before[key], self.after[key])}
            if not differ:
                continue
            mark_before, mark_now = self.mark(item, now=False), self.mark(item, now=True)
            kept: dict[Key, Record] = {}
            if mark_before != mark_now:
                # Members that the new set left behind change without an event of their own.
                kept = {(r.envelope.item, r.envelope.record_key): r for r in self.load_item(self.subject, item)}
                own = sorted({*own, *kept})
            for key in own:
                if is_mark(key[1]):
                    continue
                new = self.after.get(key) or kept[key]
                old = self.before.get(key, new)
                was_live = old is not None and is_live(old.envelope, mark_before)
                live = is_live(new.envelope, mark_now)
                differs = key in differ
                if differs or live != was_live:
                    found.append(Moved(new, live, old if was_live or differs else None, was_live))
        return found


class Turned(NamedTuple):
    """An indicator before and after, in millionths; None: not computable."""

    id: str
    previous: int | None
    current: int | None


class Closed(NamedTuple):
    """What one batch made of one subject."""

    held: Held
    records: list[Moved]
    indicators: list[Turned]
    kept: bool  # the state is as it was, but for its date

    @property
    def changed(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self.records or self.indicators)


def close(batch: SubjectBatch, rolling: Rolling, rated: Mapping[str, Any], as_of: date) -> Closed:
    """Compute a subject's next state; what was not touched and is not due costs nothing.

    ``rated``: the items that indicators rest on.
    """
    records, before, subject = batch.moved(), batch.held, batch.subject
    # Where a former owner ended within a day, some of his states are of a later one than the number's: they stay so.
    as_of = max(as_of, before.as_of)
    digest = before.digest
    for key, new in batch.after.items():
        old = batch.before[key]
        digest = replace_in_digest(digest, old.envelope if old else None, new.envelope)
    counts: Mapping[str, int] = _counted(before.counts, records) if records else before.counts
    moving = set(batch.due)
    for item, moved in itertools.groupby(records, _item_moved):
        if item in rated:
            moving.add(item)
            rolling.replace(subject, item, batch.live_before(item), [_replaced(one) for one in moved], as_of)
    values, changes = before.indicators, list[Turned]()
    if not values.keys() <= rolling.defined:
        # By other definitions; nobody shall take what is no longer computed for what holds.
        changes += [Turned(k, v, None) for k, v in values.items() if k not in rolling.defined and v is not None]
        values = {k: v for k, v in values.items() if k in rolling.defined}
    for item in moving:
        worth = rolling.values(subject, item, as_of)
        changes += [Turned(k, values.get(k), v) for k, v in worth.items() if v != values.get(k)]
        values = {**values, **worth}
    changes.sort()
    name = before.name if batch.name is None or (before.name and before.name > batch.name) else batch.name
    held = Held(
        name=name,
        sequence=before.sequence + (1 if records or changes else 0),
        as_of=as_of,
        digest=digest,
        indicators=values,
        counts=counts,
    )
    kept = not records and digest == before.digest and name == before.name and values == before.indicators
    return Closed(held, records, changes, kept)


def _item(key: Key) -> ItemId:
    return key[0]


def _item_moved(moved: Moved) -> ItemId:
    return moved.new.envelope.item


def _replaced(moved: Moved) -> Replaced:
    was, now = moved.old if moved.was_live else None, moved.new if moved.live else None
    return moved.new.envelope.record_key, was, now


def _counted(counts: Mapping[str, int], records: Iterable[Moved]) -> dict[str, int]:
    now = dict(counts)
    for one in records:
        item = one.new.envelope.item
        now[item] = now.get(item, 0) + one.live - one.was_live
    return {k: v for k, v in now.items() if v}


def _differs(old: Record | None, new: Record) -> bool:
    return old is None or old.envelope.version != new.envelope.version


def envelope_of(raw: Mapping[str, Any]) -> Envelope:
    """Return the envelope of a decoded record or change."""
    return Envelope(**{name: raw[name] for name in ENVELOPE_NAMES})
