"""Find the header of a table, and which item the table holds."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Self

from catalogue.errors import FileRefused
from catalogue.model import Catalogue, FieldType, Item
from connectors.tables import Cell, SourceTable, TableRows
from producers.tables.columns import Column, ColumnMatcher, missing_columns
from producers.tables.lookalikes import ItemQuestion, told_apart
from producers.tables.survey import TableSurvey
from producers.tables.titles import MONEY_UNIT, normal, title_keys

HEAD_ROWS = 30  # how many rows the header is looked for in

# Above a table, for all of its amounts; other units may stand beside it: 单位：户、万元.
_UNIT_ABOVE = re.compile(
    rf"单位:\s*(?:[户人家个件次条%]\s*[、,/]\s*)*(?:人民币)?({MONEY_UNIT})(?:人民币)?(?![\u4e00-\u9fff])"
)
_LEAST_SCORE = 0.3
_TIE = 0.02


@dataclass(frozen=True, slots=True)
class RecognisedTable:
    """What a table is. Indexes are positions in a row; ``header_row`` is the last row of the header.

    ``unknown`` are titles that are nothing of the item; ``width``: behind so many cells no title stands.
    """

    item: Item
    header_row: int
    columns: dict[int, Column]
    title_text: str
    unknown: list[str]
    extra: dict[int, str]
    width: int
    survey: TableSurvey = field(default_factory=TableSurvey)


# Compared by identity: two tables of one source may have equal first rows.
@dataclass(frozen=True, slots=True, eq=False)
class HeadedTable:
    """A source's table and its first rows, up to HEAD_ROWS; ``table.rows()`` yields these again."""

    table: SourceTable
    head: list[tuple[int, list[Cell]]]

    @classmethod
    def of(cls, table: SourceTable) -> Self:
        """Return a table with its first rows read."""
        return cls(table, list(islice(table.rows(), HEAD_ROWS)))

    def below(self, row_no: int) -> TableRows:
        """Yield the rows below a header whose last row is ``row_no``."""
        return ((number, cells) for number, cells in self.table.rows() if number > row_no)


class TableRecogniser:
    """Recognises tables by their first rows. It keeps what it compiled of each item: hold one for many tables."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._matchers: dict[str, ColumnMatcher] = {}

    def matcher(self, item: Item) -> ColumnMatcher:
        """Return what finds the columns of an item."""
        if item.id not in self._matchers:
            self._matchers[item.id] = ColumnMatcher(item)
        return self._matchers[item.id]

    def recognise(
        self,
        table_head_rows: Sequence[tuple[int, list[Cell]]],
        hints: Sequence[str] = (),
        item: Item | None = None,
    ) -> RecognisedTable:
        """Return what a table is, from its first rows (up to HEAD_ROWS) and ``hints``, the most telling first.

        Hints are the names of sheet, file and folder. With ``item`` only the columns are looked for. Raises
        FileRefused when there is no header, no item fits or a required column is missing; ItemQuestion when items
        with the same header cannot be told apart.
        """
        rows = [(n, cells) for n, cells in table_head_rows[:HEAD_ROWS] if any(_title(c) for c in cells)]
        wanted = (item,) if item is not None else self._catalogue.items
        known = {key for i in wanted for key in self.matcher(i).keys}
        best: tuple[int, int, list[str], int] | None = None
        for position in range(len(rows)):
            for titles, last in _header_candidates(rows, position, known):
                count = sum(_is_known(t, known) for t in titles if t)
                if best is None or (count, last == position) > (best[0], best[1] == best[3]):
                    best = (count, last, titles, position)
        if best is None or best[0] < (1 if item is not None else 2):
            raise FileRefused(
                "找不到表头：前几行中没有一行的列名与清单相符。",
                remedy="请使用清单的列名，或用 credithub template 生成模板。",
            )
        _, last, titles, first = best
        above = [" ".join(filter(None, map(_title, cells))) for _, cells in rows[:first]]
        title_text = " ".join(above)
        chosen = item or self._closest(titles, rows[last + 1 :], [title_text, *hints])
        columns, extra, unknown = self.matcher(chosen).match(titles)
        columns = _measured(columns, title_text)
        missing = missing_columns(chosen, columns)
        if missing:
            raise FileRefused(
                f"按“{chosen.zh}”读取，缺少必需的列：{'、'.join(missing)}。",
                remedy="请补上这些列（列名可用清单名称或别名）后重新报送；若不是这一项，请用 --item 指明。",
            )
        width = max((i for i, title in enumerate(titles, start=1) if title), default=0)
        return RecognisedTable(chosen, rows[last][0], columns, title_text, unknown, extra, width)

    def _closest(
        self,
        titles: Sequence[str],
        below: Sequence[tuple[int, list[Cell]]],
        hints: Sequence[str],
    ) -> Item:
        filled = sum(bool(t) for t in titles)
        scored: list[tuple[float, Item, dict[int, Column]]] = []
        spoken = [normal(h) for h in hints]
        for item in self._catalogue.items:
            columns, extra, _ = self.matcher(item).match(titles)
            if not columns:
                continue
            exact = sum(normal(c.title) in (normal(c.field.zh), normal(c.field.source)) for c in columns.values())
            fields = sum(not f.added for f in item.fields)
            matched = len({c.field.name for c in columns.values()})
            score = (2 * matched + 0.2 * exact) / (1.1 * (filled - len(extra) + fields))
            score -= 0.15 * len(missing_columns(item, columns))
            score += 0.3 if any(normal(item.zh) in h or item.id in h for h in spoken) else 0.0
            scored.append((score, item, columns))
        if not scored or max(s for s, _, _ in scored) < _LEAST_SCORE:
            raise FileRefused("表头与清单的任何一项都不够接近。", remedy="请用 --item 指明是哪一项，或改用模板的列名。")
        top = max(s for s, _, _ in scored)
        tied = [(item, columns) for score, item, columns in scored if score >= top - _TIE]
        if len(tied) == 1:
            return tied[0][0]
        chosen = told_apart(tied, below, hints)
        if chosen is None:
            raise ItemQuestion(tuple(item for item, _ in tied))
        return chosen


def _measured(columns: dict[int, Column], title_text: str) -> dict[int, Column]:
    """Give the unit that stands above the table to the amounts whose own title names none."""
    found = _UNIT_ABOVE.search(unicodedata.normalize("NFKC", title_text))
    if found is None:
        return columns
    return {
        index: replace(column, unit=found[1]) if not column.unit and _is_amount(column) else column
        for index, column in columns.items()
    }


def _is_amount(column: Column) -> bool:
    if column.month is None:
        return column.field.type is FieldType.MONEY
    return any(s.name == column.sub and s.type is FieldType.MONEY for s in column.field.details)


def _title(cell: Cell) -> str:
    return cell.strip() if isinstance(cell, str) else ""


def _header_candidates(
    rows: Sequence[tuple[int, list[Cell]]], position: int, known: set[str]
) -> list[tuple[list[str], int]]:
    """Return the row as a header, and joined with the next one as a merged header."""
    upper = [_title(c) for c in rows[position][1]]
    found = [(upper, position)]
    if position + 1 == len(rows):
        return found
    below_cells = rows[position + 1][1]
    if any(top and _is_data(top, cell, known) for top, cell in zip(upper, below_cells, strict=False)):
        return found
    lower = [_title(c) for c in below_cells]
    width = max(len(upper), len(lower))
    upper, lower = upper + [""] * (width - len(upper)), lower + [""] * (width - len(lower))
    joined, group = [], ""
    for top, below in zip(upper, lower, strict=True):
        group = top or (group if below else "")
        options = (group + below, below, top) if group and below else (below or top,)
        joined.append(next((o for o in options if _is_known(o, known)), options[0]))
    # A title line above a header joins with it too, and adds nothing; a real merged header adds columns.
    return [*found, (joined, position + 1)]


def _is_data(top: str, cell: Cell, known: set[str]) -> bool:
    """Whether a cell below a title that is known by itself is a record's value rather than the title's second line."""
    if cell is None or not _is_known(top, known):
        return False
    if not isinstance(cell, str):
        return True
    text = cell.strip()
    return any(c.isdigit() for c in text) and not (_is_known(text, known) or _is_known(top + text, known))


def _is_known(title: str, known: set[str]) -> bool:
    return any(key in known for key, _ in title_keys(title))
