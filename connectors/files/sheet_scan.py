"""One look over a sheet's XML before it is parsed: how large it is, and what the parser of values does not tell.

calamine gives values alone. An error (#N/A) and a formula that nobody calculated are blank to it, number formats,
hidden rows and columns are nothing. And it takes memory for the rectangle around all cells, however few these are
(ECMA-376, part 1, 18.3.1).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

from connectors.files.archive import Archive
from connectors.files.limits import (
    MOST_FILLED_CELLS,
    MOST_SHEET_CELLS,
    MOST_SHEET_COLUMNS,
    MOST_SHEET_ROWS,
    too_large,
)
from connectors.files.number_formats import Reading, format_code, reading_of

# As a program shows them, and as they stand in text files that were exported from one.
ERRORS = frozenset({"#N/A", "#DIV/0!", "#REF!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!"})
NOT_CALCULATED = "#VALUE!"
_STYLES = "xl/styles.xml"
_REFERENCE = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})")
_TRUE = frozenset({"1", "true"})


@dataclass(slots=True)
class Run:
    """Cells of one column, in rows that follow each other, whose numbers are read in one way."""

    first: int
    last: int
    reading: Reading


@dataclass(slots=True)
class SheetMarks:
    """What a sheet says beside its values; rows from 1, columns from 0."""

    errors: dict[int, dict[int, str]] = field(default_factory=dict)
    readings: dict[int, list[Run]] = field(default_factory=dict)
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)
    filtered: bool = False

    def read_by(self, row: int, column: int, reading: Reading) -> None:
        """Take note of how the number of a cell is read; cells come row by row."""
        runs = self.readings.setdefault(column, [])
        if runs and runs[-1].reading is reading and runs[-1].last == row - 1:
            runs[-1].last = row
        else:
            runs.append(Run(row, row, reading))


def date_base_is_1904(archive: Archive) -> bool:
    """Whether a workbook counts its days from 1904."""
    seen = False

    def start(name: str, attributes: Mapping[str, str]) -> None:
        nonlocal seen
        seen = seen or (name == "workbookPr" and attributes.get("date1904", "") in _TRUE)

    if not archive.binary:
        archive.parse("xl/workbook.xml", start)
    return seen


def style_readings(archive: Archive) -> dict[str, Reading]:
    """Return, by a cell's style, how its numbers are read, where the format says more than the number."""
    codes: dict[int, str] = {}
    formats: list[int] = []
    inside = False

    def start(name: str, attributes: Mapping[str, str]) -> None:
        nonlocal inside
        if name == "numFmt":
            codes[_whole(attributes.get("numFmtId"))] = attributes.get("formatCode", "")
        elif name in ("cellXfs", "cellStyleXfs"):
            inside = name == "cellXfs"
        elif name == "xf" and inside:
            formats.append(_whole(attributes.get("numFmtId")))

    if archive.binary or not archive.holds(_STYLES):
        return {}
    archive.parse(_STYLES, start)
    readings = ((str(style), reading_of(format_code(number, codes))) for style, number in enumerate(formats))
    return {style: reading for style, reading in readings if reading is not None}


class SheetScan:
    """Walks one sheet's XML. Raises FileRefused, before anything is parsed, when it is too large."""

    def __init__(self, archive: Archive, part: str, styles: Mapping[str, Reading]) -> None:
        self._archive, self._part, self._styles = archive, part, styles
        self.marks = SheetMarks()
        self._row = self._column = 0
        self._first_row = self._first_column = 1 << 30
        self._last_row = self._last_column = 0
        self.cells = 0  # that hold a value
        self._cell: Mapping[str, str] = {}
        self._valued = self._formula = False
        self._error: list[str] | None = None
        self._parser: expat.XMLParserType | None = None
        archive.parse(part, self._start, self._keep_parser)
        self._finish_cell()
        self._check()

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "c":
            self._finish_cell()
            self._column += 1
            if (reference := attributes.get("r")) is not None:
                self._row, self._column = _place(reference)
            self._cell = attributes
        elif name in ("v", "is"):
            self._valued = True
            if self._cell.get("t") == "e" and name == "v" and self._parser is not None:
                self._error = []
                self._parser.CharacterDataHandler = self._error.append
        elif name == "f":
            self._formula = True
        elif name == "row":
            self._finish_cell()
            self._row = _whole(attributes.get("r")) or self._row + 1
            self._column = 0
            if attributes.get("hidden") in _TRUE:
                self.marks.hidden_rows.append(self._row)
        elif name == "col" and attributes.get("hidden") in _TRUE:
            self.marks.hidden_columns.append((_whole(attributes.get("min")) - 1, _whole(attributes.get("max")) - 1))
        elif name == "sheetPr" and attributes.get("filterMode") in _TRUE:
            self.marks.filtered = True

    def _keep_parser(self, parser: expat.XMLParserType) -> None:
        self._parser = parser

    def _finish_cell(self) -> None:
        """Take note of the cell that the walk leaves."""
        cell = self._cell
        if not cell and not self._valued and not self._formula:
            return
        row, column = self._row, self._column - 1
        if self._valued:
            self.cells += 1
            if row < self._first_row:
                self._first_row = row
            if row > self._last_row:
                self._last_row = row
            if column < self._first_column:
                self._first_column = column
            if column > self._last_column:
                self._last_column = column
            if self.cells % 100_000 == 0:
                self._check()
            kind = cell.get("t")
            if kind is None or kind == "n":
                reading = self._styles.get(cell.get("s", "0"))
                if reading is not None:
                    self.marks.read_by(row, column, reading)
            elif self._error is not None:
                self.marks.errors.setdefault(row, {})[column] = "".join(self._error).strip() or NOT_CALCULATED
        elif self._formula:
            self.marks.errors.setdefault(row, {})[column] = NOT_CALCULATED
        if self._error is not None and self._parser is not None:
            self._parser.CharacterDataHandler = None
        self._cell, self._valued, self._formula, self._error = {}, False, False, None

    def _check(self) -> None:
        name = self._archive.name
        if not self.cells:
            return
        if self._last_row > MOST_SHEET_ROWS or self._last_column >= MOST_SHEET_COLUMNS or self._first_row < 1:
            raise self._archive.damaged()
        height, width = self._last_row - self._first_row + 1, self._last_column - self._first_column + 1
        if height * width > MOST_SHEET_CELLS or self.cells > MOST_FILLED_CELLS:
            raise too_large(name, f"工作表的内容铺开到{height}行、{width}列")


def _place(reference: str) -> tuple[int, int]:
    """Return the row and the column, both from 1, that a cell's reference names; beyond all limits where it is none."""
    matched = _REFERENCE.fullmatch(reference)
    if matched is None:
        return MOST_SHEET_ROWS + 1, MOST_SHEET_COLUMNS + 1
    column = 0
    for letter in matched[1].upper():
        column = column * 26 + ord(letter) - ord("A") + 1
    return int(matched[2]), column


def _whole(text: str | None) -> int:
    return int(text) if text and len(text) < 12 and text.isascii() and text.isdigit() else 0
