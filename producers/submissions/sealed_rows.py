"""A refused row as it is kept: each cell as text, with the column that it was read as.

It is sealed as JSON. Whoever holds the key reads it again as it was read at first: by its fields and units, not by
its titles, for the unit may have stood above the table, and a title may have been mapped by hand.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from bus.crypto.cipher import Cipher, bound
from catalogue.model import FieldType
from connectors.tables import Cell
from producers.submissions.messages import row_id
from producers.tables.columns import EXTRA, RETURNED, Column, ColumnMatcher
from producers.tables.headers import RecognisedTable
from producers.tables.texts import as_text

# A broker takes a megabyte a message. What is kept of a row is cut to fit, at three bytes a character.
_LONGEST_ROW_CHARS = 150_000
# What a cell is cut with; of such a row the department has the only whole copy.
CUT = "…"
# The name under which rows said that they were cut, before each cell had its column beside it.
_CUT_ENTRY = [CUT, CUT]


@dataclass(frozen=True, slots=True)
class SealedCell:
    """One cell: its title and text as the file has them.

    ``field`` is the item's, or an added column's, by name; "" for a column that is not taken.
    """

    title: str
    text: str
    field: str = ""
    unit: str = ""
    month: int | None = None
    year: int | None = None
    sub: str = ""
    code_words: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class SealedRow:
    """The cells of a row from left to right, empty ones too. ``cut``: it was too long to be kept whole."""

    cells: tuple[SealedCell, ...]
    cut: bool = False

    @classmethod
    def of(cls, recognised: RecognisedTable, cells: Sequence[Cell]) -> Self:
        """Return a row of a recognised table."""
        kept: dict[int, SealedCell] = {}
        for index, column in recognised.columns.items():
            text = _text(cells, index)
            kept[index] = SealedCell(
                column.title,
                text,
                column.field.name,
                column.unit,
                column.month,
                column.year,
                column.sub,
                column.code_words,
            )
        titles = recognised.survey.titles
        for index, name in recognised.extra.items():
            if name != RETURNED:
                kept[index] = SealedCell(titles.get(index, EXTRA[name][0]), _text(cells, index), name)
        for index, title in titles.items():
            if index not in kept and index not in recognised.extra:
                kept[index] = SealedCell(title, _text(cells, index))
        ordered = [kept[index] for index in sorted(kept)]
        if sum(len(cell.text) for cell in ordered) <= _LONGEST_ROW_CHARS:
            return cls(tuple(ordered))
        most = _LONGEST_ROW_CHARS // len(ordered)
        shortened = tuple(
            replace(cell, text=cell.text[:most] + CUT) if len(cell.text) > most else cell for cell in ordered
        )
        return cls(shortened, cut=True)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Return the row that sealed JSON holds, also of before cells had their column beside them."""
        value: Any = json.loads(text)
        if isinstance(value, Mapping):
            return cls(tuple(SealedCell(*cell) for cell in value["cells"]), cut=value["cut"])
        return cls(tuple(SealedCell(*entry) for entry in value if entry != _CUT_ENTRY), cut=_CUT_ENTRY in value)

    @classmethod
    def opened(cls, cipher: Cipher, row: Mapping[str, Any]) -> Self:
        """Return the row that a decoded value of ``rejected.v1`` or ``unresolved.v1`` holds."""
        record = bound(row_id(row["submission_id"], row["row"]))
        return cls.from_json(cipher.open(row["sealed"], f"{row['item']}.raw", record))

    def closed(self, cipher: Cipher, item: str, submission_id: str, row_no: int) -> bytes:
        """Return the row sealed, bound to its number in its submission."""
        return cipher.close(self.to_json().encode(), f"{item}.raw", bound(row_id(submission_id, row_no)))

    def to_json(self) -> str:
        """Return the row as it is sealed."""
        cells = [
            [cell.title, cell.text, cell.field, cell.unit, cell.month, cell.year, cell.sub, cell.code_words]
            for cell in self.cells
        ]
        return json.dumps({"cells": cells, "cut": self.cut}, ensure_ascii=False)

    def as_table(self, matcher: ColumnMatcher) -> tuple[RecognisedTable, list[Cell]]:
        """Return the row as a table of one row of the matcher's item; rows of before are read by their titles."""
        item = matcher.item
        fields = {field.name: field for field in item.fields}
        columns: dict[int, Column] = {}
        extra: dict[int, str] = {}
        titles = [cell.title for cell in self.cells]
        if not any(cell.field for cell in self.cells):
            columns = matcher.match(titles).columns
            extra = {index: title for index, title in enumerate(titles) if title in EXTRA}
        for index, cell in enumerate(self.cells):
            if cell.field in fields:
                columns[index] = Column(
                    fields[cell.field], cell.title, cell.unit, cell.month, cell.year, cell.sub, cell.code_words
                )
            elif cell.field in EXTRA:
                extra[index] = cell.field
        texts: list[Cell] = [cell.text or None for cell in self.cells]
        return RecognisedTable(item, 0, columns, "", [], extra, len(texts)), texts

    def lacks_units(self, matcher: ColumnMatcher) -> bool:
        """Whether the row was kept without its columns, and an amount of it is in a unit that may have stood above."""
        if any(cell.field for cell in self.cells):
            return False
        recognised, texts = self.as_table(matcher)
        amounts = [i for i, c in recognised.columns.items() if c.field.type is FieldType.MONEY and not c.unit]
        return any(texts[index] is not None for index in amounts)


def with_code_column(recognised: RecognisedTable, cells: list[Cell]) -> int | None:
    """Return where the subject's code stands in a row, a column for it added where there is none; None without one."""
    item = recognised.item
    if item.subject.uscc is None:
        return None
    for index, column in recognised.columns.items():
        if column.field.name == item.subject.uscc:
            return index
    code = item.field(item.subject.uscc)
    recognised.columns[len(cells)] = Column(code, code.zh)
    cells.append(None)
    return len(cells) - 1


def _text(cells: Sequence[Cell], index: int) -> str:
    cell = cells[index] if index < len(cells) else None
    return "" if cell is None else as_text(cell)
