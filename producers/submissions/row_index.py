"""The memory of a table's rows: which record had which content, in sixteen bytes a row."""

from array import array

_WORD = (1 << 64) - 1
_FULL = 0.6  # how much of the table is filled before it doubles


class RowIndex:
    """A map from hashes to numbers of 64 bits; a million entries take 32 MB, a dict of them three times that.

    Keys that are equal modulo 2^64 are one; numbers are not 0, which stands for none. ``in`` asks for an object's hash.
    """

    def __init__(self) -> None:
        self._mask, self._used = (1 << 10) - 1, 0
        self._keys = array("Q", [0]) * (1 << 10)
        self._values = array("Q", [0]) * (1 << 10)

    def __len__(self) -> int:
        return self._used

    def __contains__(self, key: object) -> bool:
        return self.get(hash(key)) != 0

    def get(self, key: int) -> int:
        """Return the number of ``key``, or 0."""
        return self._values[self._slot(key & _WORD or 1)]

    def put(self, key: int, value: int) -> None:
        """Set the number of ``key``."""
        key = key & _WORD or 1
        at = self._slot(key)
        if not self._keys[at]:
            self._keys[at] = key
            self._used += 1
            if self._used > _FULL * self._mask:
                self._double()
                at = self._slot(key)
        self._values[at] = value

    def _slot(self, key: int) -> int:
        keys, mask = self._keys, self._mask
        at = key & mask
        while (other := keys[at]) and other != key:
            at = (at + 1) & mask
        return at

    def _double(self) -> None:
        keys, values = self._keys, self._values
        size = 2 * (self._mask + 1)
        self._mask = size - 1
        self._keys, self._values = array("Q", [0]) * size, array("Q", [0]) * size
        for key, value in zip(keys, values, strict=True):
            if key:
                at = self._slot(key)
                self._keys[at], self._values[at] = key, value
