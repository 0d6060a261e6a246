"""Numbers of shares in order, in a partition's store: what a tile asks when its highest, lowest or newest one goes.

Under a series' prefix lie ``n`` with cell, account and number, and ``o`` with cell, account, order and number; a hash
of the record's key follows.
"""

import functools
import hashlib
from collections.abc import Iterator

from processing.output import StoreWrites
from processing.store import Store
from rules.indicators.cells import Told
from rules.indicators.groups import Use
from rules.indicators.series import Series
from rules.indicators.shares import Share
from rules.indicators.tiles import EVER
from streams.merge.keys import ordered_prefix

_CELL, _PART, _ORDER, _NUMBER, _RECORD = 4, 8, 8, 16, 8
# Moved so that negative numbers sort before positive ones, and first bytes stay below 0xff.
_ORDER_ZERO, _NUMBER_ZERO = 1 << 62, 1 << 126


def _place(cell: int, part: str | None) -> bytes:
    """Return a cell, and the account in it: of one length, whatever its name."""
    number = (cell - EVER).to_bytes(_CELL, "big")
    return number if part is None else number + _hash(part, _PART)


@functools.lru_cache(maxsize=1 << 12)
def _hash(text: str, size: int) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=size).digest()


def _number(number: int) -> bytes:
    return (number + _NUMBER_ZERO).to_bytes(_NUMBER, "big")


class OrderedNumbers:
    """The ordered numbers of one subject: those of the store, as the writes that wait for it will leave them."""

    def __init__(self, store: Store, subject: str, pending: StoreWrites) -> None:
        self._store, self._subject, self._pending = store, subject, pending
        self._touched: dict[bytes, dict[bytes, bool]] = {}
        self._bases: dict[str, bytes] = {}

    def note(self, series: Series, use: Use, key: str, share: Share, cells: tuple[int, ...], sign: int) -> None:
        """Note a share with a number (``sign`` 1), or that it is gone (-1), in these of its cells."""
        if share.number is None:
            return
        base, end = self._base(series), _number(share.number) + _hash(key, _RECORD)
        if use.has_extremes:
            for cell in cells:
                self._put(base, base + b"n" + _place(cell, share.part) + end, sign)
        if use.has_told:
            order = (share.order + _ORDER_ZERO).to_bytes(_ORDER, "big")
            self._put(base, base + b"o" + _place(share.cell, share.part) + order + end, sign)

    def highest(self, series: Series, cell: int, part: str | None) -> int | None:
        """Return the largest number in a cell."""
        base = self._base(series)
        prefix = base + b"n" + _place(cell, part)
        return _after(prefix, self._top(base, prefix))

    def lowest(self, series: Series, cell: int, part: str | None) -> int | None:
        """Return the smallest number in a cell."""
        base = self._base(series)
        prefix = base + b"n" + _place(cell, part)
        return _after(prefix, self._bottom(base, prefix))

    def last(self, series: Series, cell: int | None, part: str | None) -> Told | None:
        """Return the newest share with a number in a cell; None: of all of a series without accounts."""
        base = self._base(series)
        found = self._top(base, base + b"o" + (b"" if cell is None else _place(cell, part)))
        return _told(len(base) + 1, part, found) if found else None

    def _base(self, series: Series) -> bytes:
        found = self._bases.get(series.key)
        if found is None:
            found = self._bases[series.key] = ordered_prefix(self._subject, series.item, series.id)
        return found

    def _put(self, base: bytes, key: bytes, sign: int) -> None:
        self._pending[key] = b"" if sign > 0 else None
        self._touched.setdefault(base, {})[key] = sign > 0

    def _top(self, base: bytes, prefix: bytes) -> bytes:
        return self._best(base, prefix, self._store.highest(prefix), highest=True)

    def _bottom(self, base: bytes, prefix: bytes) -> bytes:
        return self._best(base, prefix, (key for key, _ in self._store.below(prefix)), highest=False)

    def _best(self, base: bytes, prefix: bytes, stored: Iterator[bytes], *, highest: bool) -> bytes:
        touched = self._touched.get(base, {})
        found = [key for key, counts in touched.items() if counts and key.startswith(prefix)]
        # Those that are in the store come in order: the first that still counts is the best of them.
        found += next(([key] for key in stored if touched.get(key, True)), [])
        return (max(found) if highest else min(found)) if found else b""


def _after(prefix: bytes, key: bytes) -> int | None:
    return int.from_bytes(key[len(prefix) : len(prefix) + _NUMBER], "big") - _NUMBER_ZERO if key else None


def _told(at: int, part: str | None, key: bytes) -> Told:
    cell = int.from_bytes(key[at : at + _CELL], "big")
    at += len(_place(EVER, part))
    order = int.from_bytes(key[at : at + _ORDER], "big")
    number = int.from_bytes(key[at + _ORDER : at + _ORDER + _NUMBER], "big")
    return cell + EVER, order - _ORDER_ZERO, number - _NUMBER_ZERO
