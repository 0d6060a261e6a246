"""What the shares of one cell come to: a plain list, which a store keeps and reads back as it is.

Most cells are of three numbers: how many records, how many of them with a number, and their sum. The others follow only
where something of the cell needs them. Objects in their place took five times as long for each event.
"""

from collections.abc import Mapping
from typing import Any

from rules.indicators.shares import Share

Told = tuple[int, int, int]
"""(cell, order, number) of a share: sorts by when it tells."""
Cell = list[Any]
RECORDS, NUMBERS, TOTAL, WHOLES, WHOLE, HIGH, LOW, LAST, TEXTS, PARTS, KEPT = range(11)
"""WHOLES and WHOLE: of the rows that are totals of others, how many and their sum. HIGH, LOW and LAST (order and
number) are kept where somebody asks. TEXTS: how often each occurs. PARTS: a cell for each account.
Either is None before there is one. KEPT: see ``rules.indicators.kept_numbers``."""
SHORT = 3
_REST = (0, 0, None, None, None, None, None, None)


def new_cell() -> Cell:
    """Return a cell in which nothing lies."""
    return [0, 0, 0]


def add(cell: Cell, share: Share, sign: int) -> None:
    """Add a share's sums (``sign`` 1), or take them away (-1)."""
    cell[RECORDS] += sign
    number, text, part = share.number, share.text, share.part
    if part is not None:
        parts = _dict(cell, PARTS)
        own = parts.get(part)
        if own is None:
            own = parts[part] = new_cell()
        own[RECORDS] += sign
        if number is not None:
            _add_number(own, number, sign, is_total=share.is_total)
        if not own[RECORDS]:
            del parts[part]
    elif number is not None:
        _add_number(cell, number, sign, is_total=share.is_total)
    if text is not None:
        texts = _dict(cell, TEXTS)
        count = texts.get(text, 0) + sign
        if count:
            texts[text] = count
        else:
            del texts[text]


def _add_number(cell: Cell, number: int, sign: int, *, is_total: bool) -> None:
    if is_total:
        lengthen(cell)[WHOLES] += sign
        cell[WHOLE] += number * sign
    else:
        cell[NUMBERS] += sign
        cell[TOTAL] += number * sign


def stretch(cell: Cell, share: Share) -> None:
    """Let the highest, the lowest and the last number be the share's, where it is."""
    number = share.number
    if number is None:
        return
    own = lengthen(cell if share.part is None else cell[PARTS][share.part])
    if own[HIGH] is None or number > own[HIGH]:
        own[HIGH] = number
    if own[LOW] is None or number < own[LOW]:
        own[LOW] = number
    told = (share.order, number)
    if own[LAST] is None or told > own[LAST]:
        own[LAST] = told


def value(cell: Cell, within: str) -> int | None:
    """Return what the cell says as one number."""
    if len(cell) == SHORT:
        return cell[TOTAL] if cell[NUMBERS] else None
    if cell[PARTS] and not cell[WHOLES]:
        said = [one for part in cell[PARTS].values() if (one := value(part, within)) is not None]
        return sum(said) if said else None
    found: int | None
    if within == "sum":
        found = cell[WHOLE] if cell[WHOLES] else cell[TOTAL] if cell[NUMBERS] else None
    elif within == "max":
        found = cell[HIGH]
    else:
        found = None if cell[LAST] is None else cell[LAST][1]
    return found


def extremes(cell: Cell) -> tuple[int | None, int | None, tuple[int, ...] | None]:
    """Return the highest, the lowest and the last number."""
    return (None, None, None) if len(cell) == SHORT else (cell[HIGH], cell[LOW], cell[LAST])


def part_of(cell: Cell | None, part: str | None) -> Cell | None:
    """Return the cell of an account; of none: the cell itself."""
    if cell is None or part is None:
        return cell
    found: Cell | None = None if len(cell) == SHORT or cell[PARTS] is None else cell[PARTS].get(part)
    return found


def texts_of(cell: Cell) -> Mapping[str, int]:
    """Return how often each text occurs in a cell."""
    found: Mapping[str, int] = {} if len(cell) == SHORT or cell[TEXTS] is None else cell[TEXTS]
    return found


def lengthen(cell: Cell) -> Cell:
    """Let a cell have all that one may have, and return it."""
    if len(cell) == SHORT:
        cell += _REST
    return cell


def _dict(cell: Cell, at: int) -> dict[str, Any]:
    found: dict[str, Any] | None = lengthen(cell)[at]
    if found is None:
        found = cell[at] = {}
    return found
