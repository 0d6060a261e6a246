"""Read an Excel workbook: it is opened once, and a sheet is parsed when it is first walked.

calamine holds a parsed sheet whole. Sheets that are walked again (for details, or to judge a whole list before it is
sent) stay parsed as long as they are not too large together. What would take too much memory is refused before it is
parsed, and what a sheet says beside its values (formats, errors, hidden rows) is read by a look of its own.
"""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import time, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import python_calamine

from catalogue.errors import FileRefused
from connectors.files.archive import Archive
from connectors.files.binary_sheets import binary_sheet_limits, refuse_binary_formats
from connectors.files.first_bytes import OLE, SAVE_AS, ZIP
from connectors.files.invisible import without_invisible
from connectors.files.limits import MOST_OLD_WORKBOOK_BYTES, too_large
from connectors.files.old_workbook import old_workbook_marks
from connectors.files.shared_texts import SharedTexts
from connectors.files.sheet_scan import Run, SheetMarks, SheetScan, date_base_is_1904, style_readings
from connectors.files.unlocked import unlocked
from connectors.notes import NoteKind, TableNote, note_of_rows
from connectors.tables import Cell, SourceTable, TableRows, column_letters

# About 200 MB. A single sheet may be larger: it is the only one that is held then.
_MOST_HELD_CELLS = 4_000_000


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A parsed sheet, and what it says beside its values."""

    parsed: Any
    marks: SheetMarks

    @property
    def cells(self) -> int:
        """How many cells are held."""
        return int(self.parsed.height) * int(self.parsed.width)

    def rows(self) -> TableRows:
        """Yield the rows, merged cells filled downwards, numbers as their formats show them."""
        # calamine's rows begin at the sheet's first filled column.
        left, width = self.parsed.start[1], self.parsed.width
        # Cells merged downwards say for each of their rows what the first one holds; titles are merged sideways.
        spans = {
            (first + 1, column - left): last + 1
            for (first, column), (last, until) in self.parsed.merged_cell_ranges or ()
            if last > first and until == column and left <= column < left + width
        }
        starts = {number for number, _ in spans}
        open_spans: dict[int, tuple[int, Cell]] = {}
        readings = [_ColumnReading(column - left, runs) for column, runs in sorted(self.marks.readings.items())]
        # iter_rows begins at the sheet's first row, blank ones included, so numbers are the clerk's.
        for number, row in enumerate(self.parsed.iter_rows(), start=1):
            cells = [_cell(value) for value in row]
            for reading in readings:
                reading.apply(number, cells)
            for column, text in self.marks.errors.get(number, {}).items():
                # What nobody calculated is not filled, and may stand left of the first filled column.
                if column >= left:
                    cells += [None] * (column - left + 1 - len(cells))
                    cells[column - left] = text
            if open_spans:
                open_spans = {column: span for column, span in open_spans.items() if number <= span[0]}
                for column, (_, value) in open_spans.items():
                    cells[column] = value
            if number in starts:
                for column, value in enumerate(cells):
                    if (last := spans.get((number, column))) is not None:
                        open_spans[column] = last, value
            yield number, cells

    def notes(self) -> tuple[TableNote, ...]:
        """Return what is hidden and was read all the same."""
        notes: list[TableNote] = []
        (top, left), (bottom, right) = self.parsed.start, self.parsed.end
        rows = [number for number in self.marks.hidden_rows if top < number <= bottom + 1]
        if rows:
            how = "被筛选掉或隐藏" if self.marks.filtered else "被隐藏"
            notes.append(note_of_rows(NoteKind.HIDDEN_ROWS, f"工作表中{how}的行也已读取，请核对是否应报送", rows))
        for first, last in self.marks.hidden_columns:
            first, last = max(first, left), min(last, right)
            if first <= last:
                where = "、".join(column_letters(column) for column in range(first, min(last, first + 9) + 1))
                notes.append(TableNote(NoteKind.HIDDEN_COLUMNS, f"被隐藏的列（{where}）也已读取，请核对是否应报送"))
        return tuple(notes)


class _ColumnReading:
    """Reads one column's numbers by their formats, row by row from the first."""

    def __init__(self, column: int, runs: list[Run]) -> None:
        self._column, self._runs, self._next = column, runs, 0

    def apply(self, number: int, cells: list[Cell]) -> None:
        """Put what a row's cell shows in its place."""
        runs = self._runs
        while self._next < len(runs) and runs[self._next].last < number:
            self._next += 1
        if self._next < len(runs) and runs[self._next].first <= number and 0 <= self._column < len(cells):
            value = cells[self._column]
            if type(value) is float or type(value) is int:
                cells[self._column] = runs[self._next].reading(value)


class Workbook:
    """A workbook and its visible sheets. Raises FileRefused when it is encrypted, damaged, too large or none."""

    def __init__(self, path: Path) -> None:
        self._name = path.name
        content = self._content(path)
        self._archive: Archive | None = None
        self._marks: dict[str, SheetMarks] = {}
        self.counts_days_from_1904 = False
        if content.startswith(OLE):
            content = unlocked(content, self._name)
        if content.startswith(ZIP):
            self._archive = Archive(io.BytesIO(content), self._name)
            if self._archive.binary:
                refuse_binary_formats(self._archive)
            self.counts_days_from_1904 = date_base_is_1904(self._archive)
            self._parts, self._styles = self._archive.sheet_parts(), style_readings(self._archive)
            self._texts = SharedTexts(self._archive)
        else:
            self._marks, self.counts_days_from_1904 = old_workbook_marks(content, self._name)
        self._book = self._parsed_by(partial(python_calamine.CalamineWorkbook.from_filelike, io.BytesIO(content)))
        self.sheets: tuple[str, ...] = tuple(
            sheet.name
            for sheet in self._book.sheets_metadata
            if sheet.typ == python_calamine.SheetTypeEnum.WorkSheet
            and sheet.visible == python_calamine.SheetVisibleEnum.Visible
        )
        self._parsed: dict[str, _Sheet] = {}  # the one that was walked last comes last

    def tables(self) -> Iterator[SourceTable]:
        """Yield the filled sheets in order; raises FileRefused when there is none, or one cannot be read."""
        filled = 0
        for name in self.sheets:
            if self._sheet(name) is not None:
                filled += 1
                yield SourceTable(
                    name, partial(self._rows, name), self.sheets, partial(self._notes, name), self.counts_days_from_1904
                )
        if not filled:
            raise FileRefused(f"工作簿“{self._name}”没有可见的、有内容的工作表。", remedy="请核对后重新报送。")

    def _rows(self, name: str) -> TableRows:
        sheet = self._sheet(name)
        return sheet.rows() if sheet is not None else iter(())

    def _notes(self, name: str) -> tuple[TableNote, ...]:
        sheet = self._sheet(name)
        notes = sheet.notes() if sheet is not None else ()
        if self._archive is not None and self._archive.binary:
            text = "这种工作簿（.xlsb）里被隐藏的行和列没有查看，都已读取：请核对是否应报送，或存为 .xlsx"
            return (TableNote(NoteKind.FORMATS_UNREAD, text), *notes)
        return notes

    def _sheet(self, name: str) -> _Sheet | None:
        """Return a sheet, parsed now unless it is held; None for an empty one."""
        sheet = self._parsed.pop(name, None) or self._parse(name)
        if sheet is None:
            return None
        self._parsed[name] = sheet
        while len(self._parsed) > 1 and sum(other.cells for other in self._parsed.values()) > _MOST_HELD_CELLS:
            del self._parsed[next(iter(self._parsed))]
        return sheet

    def _parse(self, name: str) -> _Sheet | None:
        marks = self._scanned(name)
        parsed = self._parsed_by(partial(self._book.get_sheet_by_name, name))
        return None if parsed.start is None else _Sheet(parsed, marks)

    def _scanned(self, name: str) -> SheetMarks:
        """Return what a sheet says beside its values; raises FileRefused when it is too large to be parsed."""
        archive = self._archive
        if archive is None:
            return self._marks.get(name) or SheetMarks()
        if archive.binary:
            binary_sheet_limits(archive)
            return SheetMarks()
        part = self._parts.get(name)
        if part is None:
            raise archive.damaged()
        scan = SheetScan(archive, part, self._styles)
        self._texts.refuse_too_much(part, scan.cells)
        return scan.marks

    def _parsed_by(self, parse: Callable[[], Any]) -> Any:
        """Return what calamine makes of it; raises FileRefused when it can make nothing."""
        try:
            return parse()
        except python_calamine.PasswordError as exc:
            raise FileRefused(f"工作簿“{self._name}”有密码保护。", remedy="请取消密码后再报送。") from exc
        except (python_calamine.CalamineError, OSError, ValueError) as exc:
            raise self._damaged() from exc
        except BaseException as exc:
            # A panic of the parser's, which is no Exception, and whose class has no door.
            if type(exc).__name__ != "PanicException":
                raise
            raise self._damaged() from exc

    def _damaged(self) -> FileRefused:
        return FileRefused(f"工作簿“{self._name}”打不开：文件已损坏或不是 Excel 文件。", remedy=SAVE_AS)

    def _content(self, path: Path) -> bytes:
        try:
            if path.stat().st_size > MOST_OLD_WORKBOOK_BYTES:
                raise too_large(self._name, f"文件超过 {MOST_OLD_WORKBOOK_BYTES >> 20} MB")
            return path.read_bytes()
        except OSError as exc:
            raise FileRefused(f"无法读取文件“{path}”：{exc.strerror}。", remedy="请核对路径和权限。") from exc


def _cell(value: Any) -> Cell:
    if type(value) is str:
        return without_invisible(value) or None if value and not value.isprintable() else value or None
    if isinstance(value, time):
        return str(value)
    if isinstance(value, timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"
    return value  # type: ignore[no-any-return]
