"""Numbers of shares in order, in a partition's store: what a tile asks when its highest, lowest or newest one goes.

Under a series' prefix lie ``n`` with cell and number, and ``o`` with cell, order and number; the record's key follows.
"""

from collections.abc import Iterator

from processing.output import StoreWrites
from processing.store import Store
from rules.indicators.cells import Told
from rules.indicators.groups import Use
from rules.indicators.series import Share
from rules.indicators.tiles import EVER
from streams.merge.keys import ordered_prefix

_CELL, _ORDER, _NUMBER = 4, 8, 16
# Moved so that negative numbers sort before positive ones, and first bytes stay below 0xff.
_ORDER_ZERO, _NUMBER_ZERO = 1 << 62, 1 << 126


def _cell(cell: int) -> bytes:
    return (cell - EVER).to_bytes(_CELL, "big")


def _number(number: int) -> bytes:
    return (number + _NUMBER_ZERO).to_bytes(_NUMBER, "big")


class OrderedNumbers:
    """The ordered numbers of one subject: those of the store, as the writes that wait for it will leave them."""

    def __init__(self, store: Store, subject: str, pending: StoreWrites) -> None:
        self._store, self._subject, self._pending = store, subject, pending
        self._touched: dict[bytes, dict[bytes, bool]] = {}

    def note(self, series: str, use: Use, key: str, share: Share, cells: tuple[int, ...], sign: int) -> None:
        """Note a share with a number (``sign`` 1), or that it is gone (-1), in these of its cells."""
        if share.number is None:
            return
        base, record, number = ordered_prefix(self._subject, series), key.encode(), _number(share.number)
        if use.has_extremes:
            for cell in cells:
                self._put(base, base + b"n" + _cell(cell) + number + record, sign)
        if use.has_told:
            order = (share.order + _ORDER_ZERO).to_bytes(_ORDER, "big")
            self._put(base, base + b"o" + _cell(share.cell) + order + number + record, sign)

    def highest(self, series: str, cell: int) -> int | None:
        """Return the largest number in a cell."""
        base = ordered_prefix(self._subject, series)
        return _after(base + b"n" + _cell(cell), self._top(base, base + b"n" + _cell(cell)))

    def lowest(self, series: str, cell: int) -> int | None:
        """Return the smallest number in a cell."""
        base = ordered_prefix(self._subject, series)
        return _after(base + b"n" + _cell(cell), self._bottom(base, base + b"n" + _cell(cell)))

    def last(self, series: str, cell: int | None) -> Told | None:
        """Return the newest share with a number in a cell; None: of all."""
        base = ordered_prefix(self._subject, series)
        prefix = base + b"o" + (b"" if cell is None else _cell(cell))
        return _told(base, self._top(base, prefix))

    def first(self, series: str) -> Told | None:
        """Return the oldest share with a number."""
        base = ordered_prefix(self._subject, series)
        return _told(base, self._bottom(base, base + b"o"))

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


def _told(base: bytes, key: bytes) -> Told | None:
    if not key:
        return None
    at = len(base) + 1
    cell, order, number = (
        int.from_bytes(key[begin : begin + size], "big")
        for begin, size in ((at, _CELL), (at + _CELL, _ORDER), (at + _CELL + _ORDER, _NUMBER))
    )
    return cell + EVER, order - _ORDER_ZERO, number - _NUMBER_ZERO
