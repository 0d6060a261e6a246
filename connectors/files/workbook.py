"""Read an Excel workbook: it is opened once, and a sheet is parsed when it is first walked.

calamine holds a parsed sheet whole. Sheets that are walked again (for details, or to judge a whole list before it is
sent) stay parsed as long as they are not too large together.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import python_calamine

from catalogue.errors import FileRefused
from connectors.files.cell_errors import ErrorCells
from connectors.files.first_bytes import SAVE_AS
from connectors.tables import Cell, SourceTable, TableRows

# About 200 MB. A single sheet may be larger: it is the only one that is held then.
_MOST_HELD_CELLS = 4_000_000


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A parsed sheet, and the errors that calamine gives as blanks, by row from 1 and column from the sheet's left."""

    parsed: Any
    errors: dict[int, dict[int, str]]

    @property
    def cells(self) -> int:
        """How many cells are held."""
        return int(self.parsed.height) * int(self.parsed.width)

    def rows(self) -> TableRows:
        """Yield the rows, merged cells filled downwards."""
        # calamine's rows begin at the sheet's first filled column.
        left = self.parsed.start[1]
        # Cells merged downwards say for each of their rows what the first one holds; titles are merged sideways.
        spans = {
            (first + 1, column - left): last + 1
            for (first, column), (last, until) in self.parsed.merged_cell_ranges or ()
            if last > first and until == column
        }
        starts = {number for number, _ in spans}
        open_spans: dict[int, tuple[int, Cell]] = {}
        # iter_rows begins at the sheet's first row, blank ones included, so numbers are the clerk's.
        for number, row in enumerate(self.parsed.iter_rows(), start=1):
            cells = [_cell(value) for value in row]
            for column, text in self.errors.get(number, {}).items():
                cells += [None] * (column + 1 - len(cells))
                cells[column] = text
            if open_spans:
                open_spans = {column: span for column, span in open_spans.items() if number <= span[0]}
                for column, (_, value) in open_spans.items():
                    cells[column] = value
            if number in starts:
                for column, value in enumerate(cells):
                    if (last := spans.get((number, column))) is not None:
                        open_spans[column] = last, value
            yield number, cells


class Workbook:
    """A workbook and its visible sheets. Raises FileRefused when it is encrypted, damaged or none."""

    def __init__(self, path: Path) -> None:
        self._name = path.name
        try:
            self._book = python_calamine.CalamineWorkbook.from_path(str(path))
            self.sheets: tuple[str, ...] = tuple(
                sheet.name
                for sheet in self._book.sheets_metadata
                if sheet.typ == python_calamine.SheetTypeEnum.WorkSheet
                and sheet.visible == python_calamine.SheetVisibleEnum.Visible
            )
        except python_calamine.PasswordError as exc:
            raise FileRefused(f"工作簿“{path.name}”有密码保护。", remedy="请取消密码后再报送。") from exc
        except (python_calamine.CalamineError, OSError, ValueError) as exc:
            raise FileRefused(f"工作簿“{path.name}”打不开：文件已损坏或不是 Excel 文件。", remedy=SAVE_AS) from exc
        self._errors = ErrorCells(path)
        self._parsed: dict[str, _Sheet] = {}  # the one that was walked last comes last

    def tables(self) -> Iterator[SourceTable]:
        """Yield the filled sheets in order; raises FileRefused when there is none, or one cannot be read."""
        filled = 0
        for name in self.sheets:
            if self._sheet(name) is not None:
                filled += 1
                yield SourceTable(name, partial(self._rows, name), self.sheets)
        if not filled:
            raise FileRefused(f"工作簿“{self._name}”没有可见的、有内容的工作表。", remedy="请核对后重新报送。")

    def _rows(self, name: str) -> TableRows:
        sheet = self._sheet(name)
        return sheet.rows() if sheet is not None else iter(())

    def _sheet(self, name: str) -> _Sheet | None:
        """Return a sheet, parsed now unless it is held; None for an empty one."""
        sheet = self._parsed.pop(name, None) or self._parse(name)
        if sheet is None:
            return None
        self._parsed[name] = sheet
        while len(self._parsed) > 1 and sum(held.cells for held in self._parsed.values()) > _MOST_HELD_CELLS:
            del self._parsed[next(iter(self._parsed))]
        return sheet

    def _parse(self, name: str) -> _Sheet | None:
        try:
            parsed = self._book.get_sheet_by_name(name)
        except (python_calamine.CalamineError, ValueError) as exc:
            raise FileRefused(f"工作簿“{self._name}”的工作表“{name}”读不出来。", remedy=SAVE_AS) from exc
        if parsed.start is None:
            return None
        left = parsed.start[1]
        errors: dict[int, dict[int, str]] = {}
        for (number, column), text in self._errors.of(name).items():
            if column >= left:  # what nobody calculated is not filled, and may have no title either
                errors.setdefault(number, {})[column - left] = text
        return _Sheet(parsed, errors)


def _cell(value: Any) -> Cell:
    if value == "":
        return None
    if isinstance(value, (time, timedelta)):
        return str(value)
    return value  # type: ignore[no-any-return]
