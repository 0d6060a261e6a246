"""The running indicators of a partition, in its store: moved by records and by days, never computed by scans.

All writes go into ``pending``, which ``flush`` gives out to be written behind the transaction; reads see them at once.
The sums of a subject's item are made from its records when they are first touched, and kept up to date from then on
(decision 4).
"""

import hashlib
import marshal
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from catalogue.envelope import ItemId
from processing.output import StoreWrites
from processing.store import Store
from rules.indicators.definitions import Indicator
from rules.indicators.running import (
    ORDERED,
    RunningSum,
    Share,
    due_dates,
    from_sort_key,
    sort_key,
    sort_key_size,
    value,
)
from rules.merge import Record
from streams.merge.keys import (
    COMPLETE,
    DEFINITIONS,
    DUE,
    ORDERED_SHARES,
    SUMS,
    due_from,
    due_key,
    due_prefix,
    running_key,
    top_prefix,
)
from streams.merge.record_shares import ByItem, RecordShares
from streams.merge.state import DIGEST_RULE

# Records with their keys, all of which count.
Live = Iterable[tuple[str, Record]]
# Subject, item and key of a record of which a share begins or ceases to count.
DueRecord = tuple[str, ItemId, str]
# A record's key, the version that counted and the one that counts now; None: there was, or is, none that counts.
Replaced = tuple[str, Record | None, Record | None]
_NOTHING = RunningSum()


@dataclass(slots=True)
class _Sums:
    """The sums of one subject's item by indicator, as of a date."""

    as_of: date
    by_indicator: dict[str, RunningSum]


def forget(store: Store, by_item: ByItem, subject: str, item: str, writes: StoreWrites) -> None:
    """Add to ``writes`` what deletes the sums of a subject's item, if there are any; they are made anew when needed.

    The days on which its shares are due stay: making the sums anew writes the same days again.
    """
    key = running_key(subject, item)
    if key in writes or store.get(key) is None:
        return
    writes[key] = None
    for indicator in by_item.get(item, ()):
        writes.update(dict.fromkeys(store.highest(top_prefix(subject, indicator.id))))


def forget_subject(store: Store, by_item: ByItem, subject: str, writes: StoreWrites) -> None:
    """Do as ``forget`` for all items of a subject."""
    prefix = running_key(subject, "")
    for key, _ in store.below(prefix):
        forget(store, by_item, subject, key[len(prefix) :].decode(), writes)


class Rolling:
    """The indicators of every subject of one partition."""

    def __init__(self, store: Store, by_item: ByItem, record_shares: RecordShares) -> None:
        self._store, self._by_item, self._shares = store, by_item, record_shares.of
        self.defined = frozenset(i.id for indicators in by_item.values() for i in indicators)
        self.pending: StoreWrites = {}
        # What was touched since the last flush: sums, and the ordered shares that came (True) or went.
        self._touched: dict[tuple[str, str], _Sums] = {}
        self._tops: dict[tuple[str, str], dict[bytes, bool]] = {}
        # The format that sums are kept in goes with the definitions, and so does the rule of the states' digests:
        # another one makes them anew, and has the calendar go through all subjects.
        formats = f"marshal {marshal.version}, digest {DIGEST_RULE}"
        text = "\n".join((formats, *(repr(i) for name in sorted(by_item) for i in by_item[name])))
        self._definitions = hashlib.sha256(text.encode()).hexdigest().encode()

    def is_complete(self) -> bool:
        """Whether the sums of all records are there."""
        return self._store.get(COMPLETE) is not None

    def begin(self, as_of: date) -> None:
        """Forget sums by other definitions, and those in which a day up to ``as_of`` is missing; they are made anew.

        A day that another owner of this partition rolled has moved the sums in his store, and not these.
        """
        if self._store.get(DEFINITIONS) != self._definitions:
            self.forget()
            return
        writes: StoreWrites = {}
        for key, _ in self._store.below(DUE):
            day, subject, item, _ = due_from(key)
            if day > as_of:
                break
            writes[key] = writes[COMPLETE] = None
            forget(self._store, self._by_item, subject, item, writes)
        self._store.write(writes)

    def forget(self) -> None:
        """Forget all sums; they are made anew."""
        for prefix in (SUMS, ORDERED_SHARES, DUE):
            self._store.clear(prefix)
        self.pending, self._touched, self._tops = {}, {}, {}
        self._store.write({DEFINITIONS: self._definitions, COMPLETE: None})

    def complete(self) -> None:
        """Note, with the pending writes, that the sums of all records are there."""
        self.pending[COMPLETE] = b""

    def flush(self) -> StoreWrites:
        """Return what is to be written when the transaction is committed, and forget it.

        Where the transaction fails, this object is thrown away.
        """
        for (subject, item), sums in self._touched.items():
            tuples = {k: v.as_tuple() for k, v in sums.by_indicator.items()}
            self.pending[running_key(subject, item)] = marshal.dumps((sums.as_of.toordinal(), tuples))
        written, self.pending, self._touched, self._tops = self.pending, {}, {}, {}
        return written

    def lacks(self, subject: str, item: str) -> bool:
        """Whether indicators are computed from an item and the sums of this subject's are not there."""
        if item not in self._by_item or (subject, item) in self._touched:
            return False
        return self._store.get(running_key(subject, item)) is None

    def build(self, subject: str, item: str, live: Live, as_of: date) -> None:
        """Make the sums from all live records."""
        sums = self._touched[subject, item] = _Sums(as_of, {})
        for key, record in live:
            self._take(sums, subject, item, key, record, 1)

    def replace(self, subject: str, item: str, live: Live, replaced: Iterable[Replaced], as_of: date) -> None:
        """Take the former shares of an item's records out and their present ones in.

        ``live``: the records that counted before, read only where the sums are missing and have to be made. Nothing may
        be due up to ``as_of``.
        """
        if self._load(subject, item) is None:
            self.build(subject, item, live, as_of)
        sums = self._touched[subject, item]
        sums.as_of = max(sums.as_of, as_of)
        for key, old, new in replaced:
            if old is not None:
                self._take(sums, subject, item, key, old, -1)
            if new is not None:
                self._take(sums, subject, item, key, new, 1)

    def values(self, subject: str, item: str, as_of: date) -> dict[str, int | None]:
        """Return the item's indicators in millionths; nothing may be due up to ``as_of``."""
        sums = self._load(subject, item)
        if sums is None:
            raise RuntimeError(f"the sums of {item} were not made")
        sums.as_of = max(sums.as_of, as_of)
        return {
            i.id: value(
                i, sums.by_indicator.get(i.id, _NOTHING), self._top(subject, i) if i.aggregate in ORDERED else None
            )
            for i in self._by_item[item]
        }

    def expect(self, subject: str, record: Record, until: date | None, as_of: date) -> None:
        """Note the day on which the law ends a record, where it is still to come."""
        if until is not None and until > as_of:
            self.pending[due_key(until, subject, record.envelope.item, record.envelope.record_key)] = b""

    def is_rated(self, item: str) -> bool:
        """Whether indicators are computed from an item."""
        return item in self._by_item

    def next_due(self, after: date) -> date | None:
        """Return the first day after ``after`` on which something is due."""
        for key, _ in self._store.below(DUE, due_prefix(date.fromordinal(after.toordinal() + 1))):
            return due_from(key)[0]
        return None

    def due(self, day: date, most: int) -> Iterator[list[DueRecord]]:
        """Yield what is due on a day, in parts of at most so many subjects; a part is done with the next flush."""
        part: list[DueRecord] = []
        keys: list[bytes] = []
        subjects: set[str] = set()
        for key, _ in self._store.below(due_prefix(day)):
            _, subject, item, record = due_from(key)
            if subject not in subjects and len(subjects) == most:
                self.pending.update(dict.fromkeys(keys))
                yield part
                part, keys, subjects = [], [], set()
            part.append((subject, item, record))
            keys.append(key)
            subjects.add(subject)
        self.pending.update(dict.fromkeys(keys))
        if part:
            yield part

    def move(self, subject: str, item: str, live: Live, as_of: date) -> None:
        """Let the shares of some live records begin or cease to count; then the sums are as of ``as_of``."""
        sums = self._load(subject, item)
        if sums is None or sums.as_of >= as_of:
            return
        for key, record in live:
            for indicator, share in self._shares(item, record, sums.as_of):
                before, now = share.counts(sums.as_of), share.counts(as_of)
                if before != now:
                    self._count(subject, key, indicator, share, sums, 1 if now else -1)
        sums.as_of = as_of

    def _load(self, subject: str, item: str) -> _Sums | None:
        sums = self._touched.get((subject, item))
        if sums is None:
            raw = self._store.get(running_key(subject, item))
            if raw is None:
                return None
            ordinal, tuples = marshal.loads(raw)
            sums = _Sums(date.fromordinal(ordinal), {k: RunningSum(*v) for k, v in tuples.items()})
            self._touched[subject, item] = sums
        return sums

    def _take(self, sums: _Sums, subject: str, item: str, key: str, record: Record, sign: int) -> None:
        own = self._shares(item, record, sums.as_of)
        for indicator, share in own:
            if share.counts(sums.as_of):
                self._count(subject, key, indicator, share, sums, sign)
        if sign > 0:
            # What another version of the record left is overwritten or harmless: a day on which nothing moves.
            for day in due_dates(own, sums.as_of):
                self.pending[due_key(day, subject, item, key)] = b""

    def _count(self, subject: str, key: str, indicator: Indicator, share: Share, sums: _Sums, sign: int) -> None:
        running = sums.by_indicator.get(indicator.id)
        if running is None:
            running = sums.by_indicator[indicator.id] = RunningSum()
        running.add(indicator, share, sign)
        if indicator.aggregate in ORDERED:
            stored = top_prefix(subject, indicator.id) + sort_key(indicator, share) + key.encode()
            self.pending[stored] = b"" if sign > 0 else None
            self._tops.setdefault((subject, indicator.id), {})[stored] = sign > 0

    def _top(self, subject: str, indicator: Indicator) -> tuple[date, int | None] | None:
        prefix = top_prefix(subject, indicator.id)
        touched = self._tops.get((subject, indicator.id), {})
        best = max((key for key, counts in touched.items() if counts), default=b"")
        for key in self._store.highest(prefix):
            if touched.get(key, True):
                best = max(best, key)
                break
        if not best:
            return None
        return from_sort_key(indicator, best[len(prefix) : len(prefix) + sort_key_size(indicator)])
