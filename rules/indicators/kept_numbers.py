"""The numbers of a cell whose highest, lowest or last one is asked for, so that the next is known when that one goes.

A few lie in the cell itself, and nearly all cells have no more. One may have a hundred thousand: then they lie in an
index, from which only the extremes are read. A number comes as an *entry*, which ends with it, and the later one sorts
behind the earlier.
"""

from collections.abc import Sequence

from rules.indicators.cells import HIGH, KEPT, LAST, LOW, Cell

Entry = tuple[int, ...]
MOST = 16
"""So many lie in a cell. As many rows of a month are told again by bills of the months that follow."""
IN_INDEX = True
"""Kept in place of the entries where they lie in the index."""


def keep(own: Cell, entry: Entry) -> Sequence[Entry]:
    """Add an entry to a long cell; return those that are to be put into the index."""
    last, kept = own[LAST], own[KEPT]
    moved: Sequence[Entry] = ()
    if kept is IN_INDEX:
        moved = (entry,)
    elif last is None:
        # A single one lies in no list: most cells have no more.
        own[HIGH] = own[LOW] = entry[-1]
        own[LAST] = entry
        return moved
    elif kept is None:
        own[KEPT] = [last, entry]
    elif len(kept) < MOST:
        kept.append(entry)
    else:
        own[KEPT], moved = IN_INDEX, (*kept, entry)
    number, high, low = entry[-1], own[HIGH], own[LOW]
    if high is None or number > high:
        own[HIGH] = number
    if low is None or number < low:
        own[LOW] = number
    if last is None or entry > last:
        own[LAST] = entry
    return moved


def is_in_index(own: Cell) -> bool:
    """Whether the entries of a long cell lie in the index."""
    return own[KEPT] is IN_INDEX


def drop(own: Cell, entry: Entry) -> bool:
    """Take an entry away from a long cell; return whether the index has to be asked for what is left.

    Raises ValueError for one that was never added: the sums were wrong, too.
    """
    last, kept = own[LAST], own[KEPT]
    if kept is IN_INDEX:
        return entry[-1] in (own[HIGH], own[LOW]) or entry == last
    if kept is None:
        if entry != last:
            raise ValueError("a number goes that was never there")
        own[HIGH] = own[LOW] = own[LAST] = None
        return False
    kept.remove(entry)
    own[LAST] = max(kept)
    numbers = [one[-1] for one in kept]
    own[HIGH], own[LOW] = max(numbers), min(numbers)
    if len(kept) == 1:
        own[KEPT] = None
    return False


def settle(own: Cell, high: int | None, low: int | None, last: Entry | None) -> None:
    """Let the extremes of a long cell be what the index says."""
    own[HIGH], own[LOW], own[LAST] = high, low, last
    if high is None and last is None:
        own[KEPT] = None
