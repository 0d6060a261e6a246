"""One subject inside one batch: what its events change, and what is published of it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from bus.codec import envelope_dict
from catalogue.envelope import SET_MARK, Envelope, ItemId, RecordKey
from rules.indicators import Fact, Indicator, evaluate, on_the_wire
from rules.merge import Outcome, Record, is_live, is_mark, newest, outcome, replace_in_digest, set_mark

LoadRecord = Callable[[str, str, str], Record | None]
LoadItem = Callable[[str, str], Iterable[Record]]
DecodePayload = Callable[[int, bytes], dict[str, Any] | None]
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


@dataclass(slots=True)
class SubjectBatch:
    """Collects the events of one subject; nothing is written before ``close``."""

    subject: str
    held: Held
    load_record: LoadRecord
    load_item: LoadItem
    before: dict[Key, Record | None] = field(default_factory=dict)
    after: dict[Key, Record] = field(default_factory=dict)

    def take(self, seen: Record) -> Outcome:
        """Merge one event and say what became of it."""
        result = self._join(seen)
        mark = set_mark(seen.envelope)
        if mark is not None:
            self._join(Record(mark, 0, b"\x00"))
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

    def records(self, item: ItemId) -> dict[Key, Record]:
        """Return the item's winning records as they are after this batch."""
        held = {(r.envelope.item, r.envelope.record_key): r for r in self.load_item(self.subject, item)}
        return {**held, **{k: r for k, r in self.after.items() if k[0] == item}}


@dataclass(frozen=True, slots=True)
class Closed:
    """What one batch made of one subject."""

    held: Held
    changes: list[dict[str, Any]]
    indicators: list[dict[str, Any]]

    @property
    def changed(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self.changes or self.indicators)


def close(
    batch: SubjectBatch, by_item: Mapping[str, tuple[Indicator, ...]], as_of: date, decode: DecodePayload
) -> Closed:
    """Compute a subject's next state; items that were not touched and a date that did not move cost nothing."""
    touched = {key[0] for key, new in batch.after.items() if _differs(batch.before[key], new)}
    changes, counts = _record_changes(batch, touched)
    digest = batch.held.digest
    for key, new in batch.after.items():
        old = batch.before[key]
        digest = replace_in_digest(digest, old.envelope if old else None, new.envelope)
    items = set(by_item) & (touched if as_of == batch.held.as_of else {*touched, *batch.held.counts})
    values = dict(batch.held.indicators)
    for item in sorted(items):
        values.update(_indicators(batch, ItemId(item), by_item[item], as_of, decode))
    moved = [
        {"id": name, "previous": batch.held.indicators.get(name), "current": value}
        for name, value in sorted(values.items())
        if value != batch.held.indicators.get(name)
    ]
    changed = bool(changes or moved)
    named = max(
        (r.envelope for r in batch.after.values() if r.envelope.subject_name),
        key=lambda e: (e.item == "market.registration", e.version),
        default=None,
    )
    keep_name = batch.held.subject_name is not None and (named is None or named.item != "market.registration")
    held = Held(
        subject_name=batch.held.subject_name if keep_name or named is None else named.subject_name,
        sequence=batch.held.sequence + (1 if changed else 0),
        as_of=as_of,
        digest=digest,
        indicators=values,
        counts={k: v for k, v in sorted(counts.items()) if v},
    )
    return Closed(held, changes, moved)


def _differs(old: Record | None, new: Record) -> bool:
    return old is None or old.envelope.version != new.envelope.version


def _record_changes(batch: SubjectBatch, touched: set[ItemId]) -> tuple[list[dict[str, Any]], dict[str, int]]:
    counts = dict(batch.held.counts)
    changes: list[dict[str, Any]] = []
    for item in sorted(touched):
        mark_before, mark_now = batch.mark(item, now=False), batch.mark(item, now=True)
        after = {k: r for k, r in batch.after.items() if k[0] == item}
        if mark_before != mark_now:
            # Members that the new set left behind change without an event of their own.
            after = batch.records(item)
        for key, new in sorted(after.items()):
            if is_mark(key[1]):
                continue
            old = batch.before.get(key, new)
            was_live = old is not None and is_live(old.envelope, mark_before)
            live = is_live(new.envelope, mark_now)
            counts[item] = counts.get(item, 0) + live - was_live
            if _differs(old, new) or live != was_live:
                changes.append(_change(new, live, old if was_live or _differs(old, new) else None, was_live))
    return changes, counts


def _change(new: Record, live: bool, old: Record | None, was_live: bool) -> dict[str, Any]:
    return {
        **envelope_dict(new.envelope),
        "live": live,
        "schema_id": new.schema_id,
        "payload": new.payload,
        "was_live": was_live,
        "previous_schema_id": old.schema_id if old else None,
        "previous_payload": old.payload if old else None,
    }


def _indicators(
    batch: SubjectBatch, item: ItemId, indicators: tuple[Indicator, ...], as_of: date, decode: DecodePayload
) -> dict[str, Decimal | None]:
    mark = batch.mark(item, now=True)
    facts = [
        Fact(record.envelope.source_time, decode(record.schema_id, record.payload) or {})
        for key, record in batch.records(item).items()
        if not is_mark(key[1]) and is_live(record.envelope, mark)
    ]
    return {i.id: on_the_wire(evaluate(i, facts, as_of)) for i in indicators}


def envelope_of(raw: Mapping[str, Any]) -> Envelope:
    """Return the envelope of a decoded record or change."""
    return Envelope(**{name: raw[name] for name in Envelope.__slots__})
