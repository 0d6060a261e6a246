"""The indicators of a partition, in its store: moved by records and by days, never computed by scans.

All writes go into ``pending``, which ``flush`` gives out to be written behind the transaction; reads see them at once.
The tiles of a subject's item are made from its records when they are first touched, and kept up to date from then on
(decisions 4 and 21).
"""

import hashlib
import marshal
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import date

from processing.output import StoreWrites
from processing.store import Store
from rules.indicators.definitions import CROSS
from rules.indicators.functions import Value
from rules.indicators.groups import Groups
from rules.indicators.tiles import Tiles, unpack
from rules.merge import Record
from rules.state import DIGEST_RULE
from streams.merge.cross_inputs import CrossInputs
from streams.merge.due import DueRecord, due_parts, next_due_day
from streams.merge.keys import (
    COMPLETE,
    DEFINITIONS,
    DUE,
    INPUTS,
    ORDERED,
    TILES,
    due_from,
    due_key,
    inputs_key,
    ordered_prefix,
    tiles_key,
)
from streams.merge.ordered import OrderedNumbers
from streams.merge.record_shares import RecordShares
from streams.merge.values import Values

# Records with their keys, all of which count.
Live = Iterable[tuple[str, Record]]
# A record's key, the version that counted and the one that counts now; None: there was, or is, none that counts.
Replaced = tuple[str, Record | None, Record | None]
_WINDOWS = ""


def forget(store: Store, groups: Groups, subject: str, item: str, writes: StoreWrites) -> None:
    """Add to ``writes`` what deletes the tiles of a subject's item, if there are any; they are made anew when needed.

    The days on which something is due stay: making the tiles anew writes the same days again.
    """
    key = tiles_key(subject, item)
    writes[inputs_key(subject)] = None
    if key in writes or store.get(key) is None:
        return
    writes[key] = None
    for series in groups.by_item[item].series if item in groups.by_item else ():
        writes.update(dict.fromkeys(key for key, _ in store.below(ordered_prefix(subject, item, series.id))))


def forget_subject(store: Store, groups: Groups, subject: str, writes: StoreWrites) -> None:
    """Do as ``forget`` for all items of a subject."""
    writes[inputs_key(subject)] = None
    prefix = tiles_key(subject, "")
    for key, _ in store.below(prefix):
        forget(store, groups, subject, key[len(prefix) :].decode(), writes)


def _fingerprint(groups: Groups) -> bytes:
    """Return what tells definitions apart, and the format that tiles are kept in.

    So does the rule of the states' digests: another one makes tiles anew, and has the calendar go through all subjects.
    """
    formats = f"tiles 4, marshal {marshal.version}, digest {DIGEST_RULE}"
    own = (one for item in sorted(groups.by_item) for one in groups.by_item[item].indicators)
    text = "\n".join((formats, *map(repr, (*own, *groups.cross.indicators))))
    return hashlib.sha256(text.encode()).hexdigest().encode()


class Rolling:
    """The indicators of every subject of one partition."""

    def __init__(self, store: Store, groups: Groups, record_shares: RecordShares) -> None:
        self._store, self._groups, self._cross, self._shares = store, groups.by_item, groups.cross, record_shares.of
        self._all, self._names = groups, groups.names()
        self._told = {name: frozenset(one.id for one in own if one.told) for name, own in groups.indicators().items()}
        self.pending: StoreWrites = {}
        # What was touched since the last flush.
        self._touched: dict[tuple[str, str], Tiles] = {}
        self._ordered: dict[str, OrderedNumbers] = {}
        self._inputs = CrossInputs(store, groups.cross)
        self._definitions = _fingerprint(groups)

    def is_complete(self) -> bool:
        """Whether the tiles of all records are there."""
        return self._store.get(COMPLETE) is not None

    def begin(self, as_of: date) -> None:
        """Forget tiles by other definitions, and those in which a day up to ``as_of`` is missing; they are made anew.

        A day that another owner of this partition rolled has moved the tiles in his store, and not these.
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
            forget(self._store, self._all, subject, item, writes)
        self._store.write(writes)

    def forget(self) -> None:
        """Forget all tiles; they are made anew."""
        for prefix in (TILES, ORDERED, DUE, INPUTS):
            self._store.clear(prefix)
        self.pending, self._touched, self._ordered = {}, {}, {}
        self._inputs.forget()
        self._store.write({DEFINITIONS: self._definitions, COMPLETE: None})

    def complete(self) -> None:
        """Note, with the pending writes, that the tiles of all records are there."""
        self.pending[COMPLETE] = b""

    def flush(self) -> StoreWrites:
        """Return what is to be written when the transaction is committed, and forget it.

        Where the transaction fails, this object is thrown away.
        """
        for (subject, item), tiles in self._touched.items():
            numbers = self._numbers(subject)
            tiles.settle(numbers)
            due = tiles.next_due()
            if due != tiles.due:
                if tiles.due is not None:
                    self.pending[due_key(tiles.due, subject, item, _WINDOWS)] = None
                if due is not None:
                    self.pending[due_key(due, subject, item, _WINDOWS)] = b""
                tiles.due = due
            self.pending[tiles_key(subject, item)] = tiles.pack(numbers)
        self.pending.update(self._inputs.flush())
        written, self.pending, self._touched, self._ordered = self.pending, {}, {}, {}
        return written

    def lacks(self, subject: str, item: str) -> bool:
        """Whether indicators are computed from an item and the tiles of this subject's are not there."""
        if item not in self._groups or (subject, item) in self._touched:
            return False
        return self._store.get(tiles_key(subject, item)) is None

    def build(self, subject: str, item: str, live: Live, as_of: date) -> None:
        """Make the tiles from all live records."""
        tiles = self._touched[subject, item] = Tiles(self._groups[item], as_of)
        for key, record in live:
            self._take(tiles, subject, item, key, record, 1)

    def replace(self, subject: str, item: str, live: Live, replaced: Iterable[Replaced], as_of: date) -> None:
        """Take the former shares of an item's records out and their present ones in.

        ``live``: the records that counted before, read only where the tiles are missing and have to be made. Nothing
        may be due up to ``as_of``.
        """
        if self._load(subject, item) is None:
            self.build(subject, item, live, as_of)
        tiles = self._touched[subject, item]
        tiles.as_of = max(tiles.as_of, as_of)
        for key, old, new in replaced:
            if old is not None:
                self._take(tiles, subject, item, key, old, -1)
            if new is not None:
                self._take(tiles, subject, item, key, new, 1)

    def values(self, subject: str, item: str, as_of: date) -> dict[str, int | None]:
        """Return the item's indicators in millionths; nothing may be due up to ``as_of``."""
        atoms = self._atom_values(subject, item, as_of)
        self._inputs.note(subject, item, atoms)
        return self._groups[item].values(atoms)

    def moves_cross(self, subject: str) -> bool:
        """Whether items that indicators over several look at moved since these were computed last."""
        return self._inputs.moved_of(subject)

    def cross_values(
        self, subject: str, held: Values, present: Iterable[str], live: Callable[[str], Live], as_of: date
    ) -> Values:
        """Return the indicators over several items, after ``values`` was asked of all that moved (``moves_cross``).

        ``held``: as they were. ``present``: the items of which there were records that counted; ``live`` gives these.
        """

        def atoms_of(item: str) -> Mapping[str, Value]:
            if self.lacks(subject, item):
                self.build(subject, item, live(item), as_of)
            return self._atom_values(subject, item, as_of)

        return self._inputs.values(subject, held, present, atoms_of)

    def _atom_values(self, subject: str, item: str, as_of: date) -> dict[str, Value]:
        tiles = self._load(subject, item)
        if tiles is None:
            raise RuntimeError(f"the tiles of {item} were not made")
        tiles.as_of = max(tiles.as_of, as_of)
        tiles.settle(self._numbers(subject))
        return tiles.atom_values(tiles.as_of)

    def expect(self, subject: str, record: Record, until: date | None, as_of: date) -> None:
        """Note the day on which the law ends a record, where it is still to come."""
        if until is not None and until > as_of:
            self.pending[due_key(until, subject, record.envelope.item, record.envelope.record_key)] = b""

    def told(self, group: str) -> frozenset[str]:
        """Return the ids of the group's indicators of which anybody is told."""
        return self._told.get(group, frozenset())

    def is_rated(self, item: str) -> bool:
        """Whether indicators are computed from an item."""
        return item in self._groups

    def has_values(self, group: str, items: Collection[str]) -> bool:
        """Whether there are indicators of a group for a subject of which there are records of these items."""
        return group in self._names and (group != CROSS or not self._cross.items.isdisjoint(items))

    def next_due(self, after: date) -> date | None:
        """Return the first day after ``after`` on which something is due."""
        return next_due_day(self._store, after)

    def due(self, day: date, most: int) -> Iterator[list[DueRecord]]:
        """Yield what is due on a day, in parts of at most so many subjects; a part is done with the next flush."""
        for part, keys in due_parts(self._store, day, most):
            self.pending.update(dict.fromkeys(keys))
            yield part

    def move(self, subject: str, item: str, live: Live, as_of: date) -> None:
        """Let the shares of some live records begin or cease to count; then the tiles are as of ``as_of``."""
        tiles = self._load(subject, item)
        if tiles is None or tiles.as_of >= as_of:
            return
        past, numbers = tiles.group.past(as_of), self._numbers(subject)
        for _, record in live:
            for series, share in self._shares(item, record, tiles.as_of):
                before, now = share.counts(tiles.as_of), share.counts(as_of)
                if before != now:
                    tiles.of(series).take(share, 1 if now else -1, past[series.id], numbers)
        tiles.as_of = as_of

    def _numbers(self, subject: str) -> OrderedNumbers:
        found = self._ordered.get(subject)
        if found is None:
            found = self._ordered[subject] = OrderedNumbers(self._store, subject, self.pending)
        return found

    def _load(self, subject: str, item: str) -> Tiles | None:
        tiles = self._touched.get((subject, item))
        if tiles is None:
            raw = self._store.get(tiles_key(subject, item))
            if raw is None:
                return None
            tiles = self._touched[subject, item] = unpack(self._groups[item], raw)
        return tiles

    def _take(self, tiles: Tiles, subject: str, item: str, key: str, record: Record, sign: int) -> None:
        as_of = tiles.as_of
        past, numbers, days = tiles.group.past(as_of), self._numbers(subject), set[date]()
        for series, share in self._shares(item, record, as_of):
            enter, leave = share.enter, share.leave
            if enter > as_of:
                days.add(enter)
            elif leave is None or as_of < leave:
                tiles.of(series).take(share, sign, past[series.id], numbers)
            if leave is not None and leave > as_of:
                days.add(leave)
        if sign > 0:
            # What another version of the record left is overwritten or harmless: a day on which nothing moves.
            for day in days:
                self.pending[due_key(day, subject, item, key)] = b""
