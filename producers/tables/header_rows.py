"""Which rows of a table are its header, whatever stands above it and however many lines it has."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from catalogue.titles import LONGEST_TITLE_CHARS, is_qualifier, says_unit_only, title_keys
from connectors.tables import Cell

NumberedCells = tuple[int, list[Cell]]

# A line of another system's names: XK_XDR_MC, enterprise name.
_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_.\- ]*")
_LEAST_LINE = 2


@dataclass(frozen=True, slots=True)
class HeaderRows:
    """A header: its titles, how many of them are known, and its first and last row among those looked at."""

    titles: list[str]
    known: int
    first: int
    last: int


def find_header(rows: Sequence[NumberedCells], known: frozenset[str]) -> HeaderRows | None:
    """Return the header with most titles among ``known``; None when no title is known at all.

    Two lines are joined where the upper one groups the lower (法定代表人 | 姓名、证件号码). Lines below that repeat the
    titles as codes or in English, number the columns or say how to fill them in belong to it.
    """
    best: tuple[tuple[int, int, int, bool], HeaderRows] | None = None
    lines: list[frozenset[str]] = []
    for position, (_, cells) in enumerate(rows):
        lines.append(_line(cells))
        for titles, last, joins in _candidates(rows, position, known):
            if last > position and _line(rows[last][1]) in lines:
                continue  # a header that is repeated, be it below a record
            named = [t for t in titles if t and is_known(t, known)]
            count = len(named)
            # Joined titles are the more exact ones: 法定代表人证件号码 is not any 证件号码.
            # Words say more than codes do: their units. A record above a header that is repeated adds no known ones.
            words = sum(not _IDENTIFIER.fullmatch(t) for t in named)
            rank = (count, joins, words, last == position)
            if count and (best is None or rank > best[0]):
                best = rank, HeaderRows(titles, count, position, last)
    if best is None:
        return None
    header = best[1]
    last = header.last
    while last + 1 < len(rows) and _continues(rows[last + 1][1], header.titles, known):
        last += 1
    return replace(header, last=last)


def likely_header(rows: Sequence[NumberedCells], known: frozenset[str]) -> HeaderRows | None:
    """Return the header, or the row that looks most like one where hardly a title is known; None without any.

    Such a row has most texts, each of them once and none beginning with a digit.
    """
    header = find_header(rows, known)
    if header is not None and 2 * header.known >= sum(map(bool, header.titles)):
        return header
    best: HeaderRows | None = None
    for position, (_, cells) in enumerate(rows):
        titles = [title_of(cell) for cell in cells]
        filled = [title for title in titles if title]
        if len(filled) < _LEAST_LINE or len(set(filled)) < len(filled) or any(t[0].isdigit() for t in filled):
            continue
        if best is None or len(filled) > sum(map(bool, best.titles)):
            best = HeaderRows(titles, sum(is_known(t, known) for t in filled), position, position)
    return best


def _line(cells: Sequence[Cell]) -> frozenset[str]:
    """Return the texts of a row, in whatever order they stand."""
    return frozenset(filter(None, map(title_of, cells)))


def title_of(cell: Cell) -> str:
    """Return a cell as a title; "" for what is no text."""
    return cell.strip() if isinstance(cell, str) else ""


def is_known(title: str, known: frozenset[str]) -> bool:
    """Whether a title may be looked up as one that is known."""
    return len(title) <= LONGEST_TITLE_CHARS and any(key in known for key, _ in title_keys(title))


def _candidates(
    rows: Sequence[NumberedCells], position: int, known: frozenset[str]
) -> list[tuple[list[str], int, int]]:
    """Return a row as a header, and joined with the next one; each with its last row and how many titles joined."""
    upper = [title_of(c) for c in rows[position][1]]
    candidates = [(upper, position, 0)]
    if position + 1 == len(rows):
        return candidates
    below_cells = rows[position + 1][1]
    if any(top and _is_data(top, cell, known) for top, cell in zip(upper, below_cells, strict=False)):
        return candidates
    lower = [title_of(c) for c in below_cells]
    # （单位：万元） is of the whole table: it is no group of the titles below it.
    upper = ["" if len(text) <= LONGEST_TITLE_CHARS and says_unit_only(text) else text for text in upper]
    width = max(len(upper), len(lower))
    upper, lower = upper + [""] * (width - len(upper)), lower + [""] * (width - len(lower))
    titles: list[str] = []
    group, joins = "", 0
    for top, below in zip(upper, lower, strict=True):
        group = top or (group if below else "")
        title = _joined(group, top, below, known)
        joins += bool(group and below) and title == group + below and is_known(title, known)
        titles.append(title)
    # A title line above a header joins with it too, and adds nothing; a real merged header adds columns.
    return [*candidates, (titles, position + 1, joins)]


def _joined(group: str, top: str, below: str, known: frozenset[str]) -> str:
    if not (group and below):
        return below or top
    options = [group + below, below, top]
    if _IDENTIFIER.fullmatch(below):
        # The words say the unit, the code of another system does not.
        options = [group + below, top, below]
    return next((option for option in options if option and is_known(option, known)), options[0])


def _is_data(top: str, cell: Cell, known: frozenset[str]) -> bool:
    """Whether a cell below a title that is known by itself is a record's value rather than the title's second line."""
    if cell is None or not is_known(top, known):
        return False
    if not isinstance(cell, str):
        return True
    text = cell.strip()
    return any(c.isdigit() for c in text) and not (is_known(text, known) or is_known(top + text, known))


def _continues(cells: Sequence[Cell], titles: Sequence[str], known: frozenset[str]) -> bool:
    """Whether a row below a header belongs to it: codes for the titles, their numbers, how to fill them in."""
    filled = [cell for cell in cells if cell is not None and str(cell).strip()]
    if len(filled) < _LEAST_LINE or 2 * len(filled) < sum(map(bool, titles)):
        return False
    texts = [str(int(c)) if isinstance(c, float) and c.is_integer() else str(c).strip() for c in filled]
    numbers = [text.strip("()（）") for text in texts]
    if numbers == [str(n) for n in range(1, len(numbers) + 1)] or numbers == [chr(65 + n) for n in range(len(numbers))]:
        return True
    if all(_IDENTIFIER.fullmatch(text) for text in texts):
        return True
    if all(map(is_qualifier, texts)):
        return True
    # The same titles in the list's other words; a header that is repeated further down is no part of it.
    own = {title_of(cell) for cell in cells} - {""}
    return own != set(filter(None, titles)) and all(isinstance(c, str) and is_known(c, known) for c in filled)
