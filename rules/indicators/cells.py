"""What the shares of one cell come to."""

from collections.abc import Sequence
from typing import Any

from rules.indicators.series import Share

Told = tuple[int, int, int]
"""(cell, order, number) of a share: sorts by when it tells."""


class Cell:
    """What the shares in one cell add up to. ``high``, ``low`` and ``last`` are kept only where somebody asks.

    ``parts``: where the numbers are of accounts, a cell for each of them; this one counts the records.
    """

    __slots__ = ("high", "last", "low", "numbers", "parts", "records", "texts", "total", "whole", "wholes")

    def __init__(
        self,
        records: int = 0,
        numbers: int = 0,
        total: int = 0,
        wholes: int = 0,
        whole: int = 0,
        high: int | None = None,
        low: int | None = None,
        last: tuple[int, int] | None = None,
        texts: dict[str, int] | None = None,
    ) -> None:
        self.records, self.numbers, self.total = records, numbers, total
        # Of the rows that are totals of others: how many, and what they say.
        self.wholes, self.whole = wholes, whole
        self.high, self.low, self.last = high, low, last
        self.texts = {} if texts is None else texts
        self.parts: dict[str, Cell] = {}

    def add(self, share: Share, sign: int) -> None:
        """Add a share's sums (``sign`` 1), or take them away (-1)."""
        self.records += sign
        number = share.number
        if share.part is not None:
            part = self.parts.setdefault(share.part, Cell())
            part.add(share._replace(part=None, text=None), sign)
            if not part.records:
                del self.parts[share.part]
        elif number is not None:
            if share.is_total:
                self.wholes += sign
                self.whole += number * sign
            else:
                self.numbers += sign
                self.total += number * sign
        if share.text is not None:
            count = self.texts.get(share.text, 0) + sign
            if count:
                self.texts[share.text] = count
            else:
                del self.texts[share.text]

    def stretch(self, share: Share) -> None:
        """Let the highest, the lowest and the last number be the share's, where it is."""
        number = share.number
        if number is None:
            return
        if share.part is not None:
            self.parts[share.part].stretch(share._replace(part=None))
            return
        if self.high is None or number > self.high:
            self.high = number
        if self.low is None or number < self.low:
            self.low = number
        told = (share.order, number)
        if self.last is None or told > self.last:
            self.last = told

    def value(self, within: str) -> int | None:
        """Return what the cell says as one number."""
        if self.parts:
            said = [one for part in self.parts.values() if (one := part.value(within)) is not None]
            return sum(said) if said else None
        if within == "sum":
            return self.whole if self.wholes else self.total if self.numbers else None
        if within == "max":
            return self.high
        return None if self.last is None else self.last[1]

    def as_tuple(self) -> tuple[object, ...]:
        """Return plain values to be stored; ``cell_of`` makes it again."""
        parts = {name: part.as_tuple() for name, part in self.parts.items()}
        return (
            self.records, self.numbers, self.total, self.wholes, self.whole, self.high, self.low, self.last, self.texts,
            parts,
        )  # fmt: skip


def cell_of(packed: Sequence[Any]) -> Cell:
    """Return a cell as ``as_tuple`` gave it."""
    *own, parts = packed
    cell = Cell(*own)
    cell.parts = {name: cell_of(part) for name, part in parts.items()}
    return cell
