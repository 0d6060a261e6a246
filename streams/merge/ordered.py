"""Numbers in order, in a partition's store: what a cell with many asks when its highest, lowest or last one goes.

Under a series' prefix lie ``n`` with cell, account and number, and ``o`` with cell, account and the whole entry; the
value says how many entries there are of a key.
"""

import functools
import hashlib
from collections.abc import Iterator

from processing.output import StoreWrites
from processing.store import Store
from rules.indicators.groups import Use
from rules.indicators.kept_numbers import Entry
from rules.indicators.series import Series
from rules.indicators.tiles import EVER
from streams.merge.keys import ordered_prefix

_CELL, _PART, _NUMBER, _COUNT = 4, 8, 16, 4
# Moved so that negative numbers sort before positive ones, and first bytes stay below 0xff.
_ZERO = 1 << 126


def _place(cell: int, part: str | None) -> bytes:
    """Return a cell, and the account in it: of one length, whatever its name."""
    number = (cell - EVER).to_bytes(_CELL, "big")
    return number if part is None else number + _hash(part, _PART)


@functools.lru_cache(maxsize=1 << 12)
def _hash(text: str, size: int) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=size).digest()


def _number(number: int) -> bytes:
    return (number + _ZERO).to_bytes(_NUMBER, "big")


class OrderedNumbers:
    """The ordered numbers of one subject: those of the store, as the writes that wait for it will leave them."""

    def __init__(self, store: Store, subject: str, pending: StoreWrites) -> None:
        self._store, self._subject, self._pending = store, subject, pending
        # By prefix of the series and key: how often it is there, of those that were asked for.
        self._touched: dict[bytes, dict[bytes, int]] = {}

    def put(self, series: Series, use: Use, cell: int, part: str | None, entry: Entry, sign: int) -> None:
        """Add an entry (``sign`` 1), or take one away (-1)."""
        base, place = self._base(series), _place(cell, part)
        if use.has_extremes:
            self._put(base, base + b"n" + place + _number(entry[-1]), sign)
        if use.has_told:
            self._put(base, base + b"o" + place + b"".join([_number(one) for one in entry]), sign)

    def highest(self, series: Series, cell: int, part: str | None) -> int | None:
        """Return the largest number in a cell."""
        base = self._base(series)
        prefix = base + b"n" + _place(cell, part)
        return _last_number(self._top(base, prefix))

    def lowest(self, series: Series, cell: int, part: str | None) -> int | None:
        """Return the smallest number in a cell."""
        base = self._base(series)
        prefix = base + b"n" + _place(cell, part)
        return _last_number(self._bottom(base, prefix))

    def last(self, series: Series, cell: int, part: str | None) -> Entry | None:
        """Return the entry of a cell that tells last."""
        base = self._base(series)
        prefix = base + b"o" + _place(cell, part)
        found = self._top(base, prefix)
        if not found:
            return None
        return tuple(_numbered(found[at : at + _NUMBER]) for at in range(len(prefix), len(found), _NUMBER))

    def forget(self, series: Series, cell: int) -> None:
        """Forget a cell with all its accounts."""
        base = self._base(series)
        touched = self._touched.setdefault(base, {})
        for kind in (b"n", b"o"):
            prefix = base + kind + _place(cell, None)
            gone = {key for key, _ in self._store.below(prefix)} | {key for key in touched if key.startswith(prefix)}
            touched.update(dict.fromkeys(gone, 0))
            self._pending.update(dict.fromkeys(gone))

    def _base(self, series: Series) -> bytes:
        return ordered_prefix(self._subject, series.item, series.id)

    def _put(self, base: bytes, key: bytes, sign: int) -> None:
        touched = self._touched.setdefault(base, {})
        held = touched.get(key)
        if held is None:
            raw = self._store.get(key)
            held = 0 if raw is None else int.from_bytes(raw, "big")
        count = touched[key] = held + sign
        # A negative count cannot be written: it would say that a number goes which was never there.
        self._pending[key] = count.to_bytes(_COUNT, "big") if count else None

    def _top(self, base: bytes, prefix: bytes) -> bytes:
        return self._best(base, prefix, self._store.highest(prefix), highest=True)

    def _bottom(self, base: bytes, prefix: bytes) -> bytes:
        return self._best(base, prefix, (key for key, _ in self._store.below(prefix)), highest=False)

    def _best(self, base: bytes, prefix: bytes, stored: Iterator[bytes], *, highest: bool) -> bytes:
        touched = self._touched.get(base, {})
        found = [key for key, count in touched.items() if count and key.startswith(prefix)]
        # Those that are in the store come in order: the first that still counts is the best of them.
        found += next(([key] for key in stored if touched.get(key, 1)), [])
        return (max(found) if highest else min(found)) if found else b""


def _numbered(raw: bytes) -> int:
    return int.from_bytes(raw, "big") - _ZERO


def _last_number(key: bytes) -> int | None:
    return _numbered(key[-_NUMBER:]) if key else None
