"""One subject inside one batch: what its events change, and what is published of it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from bus.codec import encode_envelope
from catalogue.envelope import SET_MARK, Envelope, ItemId, RecordKey
from rules.merge import Outcome, Record, is_live, is_mark, newest, outcome, replace_in_digest, set_mark
from streams.rolling import Rolling

LoadRecord = Callable[[str, str, str], Record | None]
LoadItem = Callable[[str, str], Iterable[Record]]
Key = tuple[ItemId, RecordKey]


@dataclass(frozen=True, slots=True)
class Held:
    """The part of a subject's state that the next one is computed from."""

    subject_name: str | None = None
    sequence: int = 0
    as_of: date = date.min
    digest: int = 0
    indicators: Mapping[str, Decimal | None] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Moved:
    """A record that another took the place of, or that began or ceased to count."""

    new: Record
    live: bool
    old: Record | None
    was_live: bool


@dataclass(slots=True)
class SubjectBatch:
    """Collects the events of one subject; nothing is written before ``close``."""

    subject: str
    held: Held
    load_record: LoadRecord
    load_item: LoadItem
    before: dict[Key, Record | None] = field(default_factory=dict)
    after: dict[Key, Record] = field(default_factory=dict)
    # Items of which a share began or ceased to count with the calendar.
    due: set[ItemId] = field(default_factory=set)

    def take(self, seen: Record) -> Outcome:
        """Merge one event and say what became of it."""
        result = self._join(seen)
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
        result = outcome(current, seen)
        winner = newest(current, seen)
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
        for item in sorted({key[0] for key, new in self.after.items() if _differs(self.before[key], new)}):
            mark_before, mark_now = self.mark(item, now=False), self.mark(item, now=True)
            after = {k: r for k, r in self.after.items() if k[0] == item}
            if mark_before != mark_now:
                # Members that the new set left behind change without an event of their own.
                kept = {(r.envelope.item, r.envelope.record_key): r for r in self.load_item(self.subject, item)}
                after = {**kept, **after}
            for key, new in sorted(after.items()):
                if is_mark(key[1]):
                    continue
                old = self.before.get(key, new)
                was_live = old is not None and is_live(old.envelope, mark_before)
                live = is_live(new.envelope, mark_now)
                if _differs(old, new) or live != was_live:
                    found.append(Moved(new, live, old if was_live or _differs(old, new) else None, was_live))
        return found


@dataclass(frozen=True, slots=True)
class Closed:
    """What one batch made of one subject."""

    held: Held
    records: list[Moved]
    indicators: list[dict[str, Any]]

    @property
    def changed(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self.records or self.indicators)


def close(batch: SubjectBatch, rolling: Rolling, rated: Mapping[str, Any], as_of: date) -> Closed:
    """Compute a subject's next state; what was not touched and is not due costs nothing.

    ``rated``: the items that indicators rest on.
    """
    records = batch.moved()
    counts = dict(batch.held.counts)
    digest = batch.held.digest
    for key, new in batch.after.items():
        old = batch.before[key]
        digest = replace_in_digest(digest, old.envelope if old else None, new.envelope)
    for one in records:
        item = one.new.envelope.item
        counts[item] = counts.get(item, 0) + one.live - one.was_live
    touched = {one.new.envelope.item for one in records if one.new.envelope.item in rated}
    for item in touched:
        if not rolling.has(batch.subject, item):
            rolling.build(batch.subject, item, batch.live_before(item), as_of)
    for one in records:
        envelope = one.new.envelope
        if envelope.item in rated:
            rolling.replace(
                batch.subject,
                envelope.item,
                envelope.record_key,
                one.old if one.was_live else None,
                one.new if one.live else None,
                as_of,
            )
    values = dict(batch.held.indicators)
    for item in sorted(touched | batch.due):
        values.update(rolling.values(batch.subject, item, as_of))
    changes = [
        {"id": name, "previous": batch.held.indicators.get(name), "current": value}
        for name, value in sorted(values.items())
        if value != batch.held.indicators.get(name)
    ]
    named = max(
        (r.envelope for r in batch.after.values() if r.envelope.subject_name),
        key=lambda e: (e.item == "market.registration", e.version),
        default=None,
    )
    keep_name = batch.held.subject_name is not None and (named is None or named.item != "market.registration")
    held = Held(
        subject_name=batch.held.subject_name if keep_name or named is None else named.subject_name,
        sequence=batch.held.sequence + (1 if records or changes else 0),
        as_of=max(as_of, batch.held.as_of),
        digest=digest,
        indicators=values,
        counts={k: v for k, v in sorted(counts.items()) if v},
    )
    return Closed(held, records, changes)


def _differs(old: Record | None, new: Record) -> bool:
    return old is None or old.envelope.version != new.envelope.version


def envelope_of(raw: Mapping[str, Any]) -> Envelope:
    """Return the envelope of a decoded record or change."""
    return Envelope(**{name: raw[name] for name in Envelope.__slots__})
