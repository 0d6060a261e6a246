"""Find the header of a table, and which item the table holds."""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Self

from catalogue.errors import FileRefused
from catalogue.model import Catalogue, FieldType, Item
from catalogue.titles import MONEY_UNIT, normal
from connectors.tables import Cell, SourceTable, TableRows
from producers.tables.columns import Column, ColumnMatcher, missing_columns
from producers.tables.header_rows import HeaderRows, find_header, title_of
from producers.tables.item_fit import MAPPED, ItemFit, NoItem, closest_item
from producers.tables.mapping import ColumnMapping, mapping_of, same_unit
from producers.tables.numbered_codes import numbered_columns
from producers.tables.survey import TableSurvey
from producers.tables.texts import is_empty

HEAD_ROWS = 30  # how many rows the header is looked for in

# Above a table, for all of its amounts; other units may stand beside it: 单位：户、万元.
_UNIT_ABOVE = re.compile(
    rf"单位:\s*(?:[户人家个件次条%]\s*[、,/]\s*)*(?:人民币)?({MONEY_UNIT})(?:人民币)?(?![\u4e00-\u9fff])"
)


_DATED = frozenset({FieldType.DATE, FieldType.MONTH, FieldType.YEAR, FieldType.TIMESTAMP})


@dataclass(frozen=True, slots=True)
class RecognisedTable:
    """What a table is. Indexes are positions in a row; ``header_row`` is the last row of the header.

    ``unknown`` are titles that are nothing of the item; ``width``: behind so many cells no title stands. ``mapping``
    is what a person said of the columns, where somebody did; ``answered`` are the units that one said, by position.
    """

    item: Item
    header_row: int
    columns: dict[int, Column]
    title_text: str
    unknown: list[str]
    extra: dict[int, str]
    width: int
    survey: TableSurvey = field(default_factory=TableSurvey)
    mapping: ColumnMapping | None = None
    answered: Mapping[int, str] = field(default_factory=dict)

    def as_said(self) -> ColumnMapping | None:
        """Return what a person said of the columns, as a mapping; None where nobody did, or none can say it."""
        if self.mapping is not None:
            units = {normal(self.columns[index].title): unit for index, unit in self.answered.items()}
            return self.mapping.with_units(units)
        if not self.answered:
            return None
        return mapping_of(self.item, self.survey.titles, self.columns, self.extra, self.answered)

    def reading(self) -> str:
        """Return what a person said of the columns as a hash; "" where nobody did."""
        said = self.as_said()
        units = sorted((self.columns[index].title, unit) for index, unit in self.answered.items())
        text = repr(units or "") if said is None else said.text()
        return hashlib.sha256(text.encode()).hexdigest()[:16] if said or units else ""

    def days_from_1904(self) -> tuple[int, ...]:
        """Return the positions of dates whose unformatted numbers count from 1904; none in other workbooks."""
        if not self.survey.counts_days_from_1904:
            return ()
        dated = (index for index, column in self.columns.items() if column.field.type in _DATED)
        return (*dated, *(index for index, name in self.extra.items() if name == "data_date"))


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
        self._items = catalogue.items
        self._matchers: dict[str, ColumnMatcher] = {}
        self._known: dict[str, frozenset[str]] = {}

    def matcher(self, item: Item) -> ColumnMatcher:
        """Return what finds the columns of an item."""
        if item.id not in self._matchers:
            self._matchers[item.id] = ColumnMatcher(item)
        return self._matchers[item.id]

    def keys(self, item: Item | None = None) -> frozenset[str]:
        """Return all that a title of an item, or of any, may be looked up as."""
        name = item.id if item is not None else ""
        if name not in self._known:
            wanted = (item,) if item is not None else self._items
            self._known[name] = frozenset(key for i in wanted for key in self.matcher(i).keys)
        return self._known[name]

    def recognise(
        self,
        table_head_rows: Sequence[tuple[int, list[Cell]]],
        hints: Sequence[str] = (),
        item: Item | None = None,
        rows_of_table: Callable[[], TableRows] | None = None,
    ) -> RecognisedTable:
        """Return what a table is, from its first rows (up to HEAD_ROWS) and ``hints``, the most telling first.

        Hints are the names of sheet, file and folder. With ``item`` only the columns are looked for. ``rows_of_table``
        begins the table again, where the first rows do not tell what a column of numbered codes holds. Raises
        FileRefused when there is no header, no item fits or a required column is missing; ItemQuestion when items
        with the same header cannot be told apart.
        """
        rows = table_head_rows[:HEAD_ROWS]
        header = find_header(rows, self.keys(item))
        if header is None or header.known < (1 if item is not None else 2):
            raise NoItem("找不到表头：前几行中没有一行的列名与清单相符。", remedy=MAPPED)
        titles, last = header.titles, header.last
        title_text = _text_above(rows, header)
        chosen = item or closest_item(
            self._items, lambda i: self.matcher(i).match(titles), titles, rows[last + 1 :], [title_text, *hints]
        )
        match = self.matcher(chosen).match(titles)
        below = rows[last + 1 :] if rows_of_table is None else rows_of_table()
        values = (cells for number, cells in below if number > rows[last][0])
        numbered = numbered_columns(chosen, titles, match.columns, values)
        columns = _measured({**match.columns, **numbered}, title_text)
        _refuse_doubtful_months(columns, titles, [cells for _, cells in rows[last + 1 :]])
        missing = missing_columns(chosen, columns)
        if missing:
            raise NoItem(
                f"按“{chosen.zh}”读取，缺少必需的列：{'、'.join(missing)}。",
                remedy=f"请补上这些列后重新报送；若不是这一项，请用 --item 指明；{MAPPED}",
                near=ItemFit(chosen, match, (), sum(map(bool, titles)), {}).is_near,
            )
        unknown = [title for title in match.unknown if title not in {column.title for column in numbered.values()}]
        return RecognisedTable(chosen, rows[last][0], columns, title_text, unknown, match.extra, _width(titles))

    def mapped(
        self, table_head_rows: Sequence[tuple[int, list[Cell]]], mapping: ColumnMapping
    ) -> RecognisedTable | None:
        """Return what a table is by a mapping that a person confirmed; None where the table has another shape."""
        rows = table_head_rows[:HEAD_ROWS]
        header = mapping.header_in(rows)
        item = next(i for i in self._items if i.id == mapping.item)
        if header is None:
            return None
        match = mapping.match(item, header.titles)
        title_text = _text_above(rows, header)
        _refuse_other_unit(match.columns, title_text)
        columns, width = _measured(match.columns, title_text), _width(header.titles)
        row = rows[header.last][0]
        return RecognisedTable(item, row, columns, title_text, match.unknown, match.extra, width, mapping=mapping)


def _text_above(rows: Sequence[tuple[int, list[Cell]]], header: HeaderRows) -> str:
    return " ".join(text for _, cells in rows[: header.first] for text in map(title_of, cells) if text)


def _refuse_doubtful_months(columns: Mapping[int, Column], titles: Sequence[str], below: list[list[Cell]]) -> None:
    """Raise FileRefused where several columns stand below one month: its title does not say what each of them is."""
    seen = set[tuple[int | None, int | None, str]]()
    for index, column in columns.items():
        if column.month is None:
            continue
        beside = index + 1
        untitled = beside >= len(titles) or not titles[beside]
        split = untitled and any(beside < len(cells) and not is_empty(cells[beside]) for cells in below)
        if split or (column.year, column.month, column.sub) in seen:
            raise FileRefused(
                f"“{column.title}”有几列，看不出每一列各是什么。",
                remedy="请把每一列的列名写全，如“1月用水量”“1月应缴金额(元)”，表头写成一行。",
            )
        seen.add((column.year, column.month, column.sub))


def _width(titles: Sequence[str]) -> int:
    return max((i for i, title in enumerate(titles, start=1) if title), default=0)


def _refuse_other_unit(columns: Mapping[int, Column], title_text: str) -> None:
    """Raise FileRefused where the unit above the table is not the mapping's: one of them is wrong by a magnitude."""
    above = unit_above(title_text)
    for column in columns.values():
        if above and column.unit and _is_amount(column) and not same_unit(above, column.unit):
            raise FileRefused(
                f"列“{column.title}”：表头上方写的单位是{above}，对照表写的是{column.unit}。",
                remedy="请核对是哪个单位，改正表格，或用 --mapping 给出改正的对照表。",
            )


def unit_above(title_text: str) -> str:
    """Return the unit that the text above a table states for its amounts; "" for none."""
    stated = _UNIT_ABOVE.search(unicodedata.normalize("NFKC", title_text))
    return stated[1] if stated is not None else ""


def _measured(columns: dict[int, Column], title_text: str) -> dict[int, Column]:
    """Give the unit that stands above the table to the amounts whose own title names none."""
    above = unit_above(title_text)
    if not above:
        return columns
    return {
        index: replace(column, unit=above) if not column.unit and _is_amount(column) else column
        for index, column in columns.items()
    }


def _is_amount(column: Column) -> bool:
    if column.month is None:
        return column.field.type is FieldType.MONEY
    return any(s.name == column.sub and s.type is FieldType.MONEY for s in column.field.details)
