"""Read the tables that departments send: Excel workbooks and delimited text.

Text streams row by row, so that a file's length costs no memory; a workbook's sheet is held whole by calamine.
The kind of a file is told by its first bytes, since extensions are often wrong.
"""

import codecs
import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import python_calamine

from catalogue.errors import FileRefused
from connectors.files.cell_errors import cell_errors

Cell = str | float | int | bool | date | datetime | None

SUFFIXES = frozenset({".xlsx", ".xls", ".xlsm", ".xlsb", ".et", ".csv", ".tsv"})

_SAVE_AS = "请用 Excel 或 WPS 打开后另存为 .xlsx，或存为 UTF-8 编码的 .csv，再报送。"
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_CHUNK_BYTES = 1 << 20
_SNIFF_CHARS = 1 << 16
# A description of a case can be longer than the 128 KiB that csv allows; a lost quote must not swallow a file.
_MAX_CELL_CHARS = 4 << 20


@dataclass(frozen=True, slots=True)
class Table:
    """One sheet, or a whole text file (``sheet`` is None). ``rows`` can be walked once.

    A row is its number as the clerk's program shows it, from 1, and its cells; blank text is None.
    ``sheets`` are the names of all visible sheets of its workbook, filled or not.
    """

    sheet: str | None
    rows: Iterator[tuple[int, list[Cell]]]
    sheets: tuple[str, ...] = ()


def open_tables(path: Path) -> Iterator[Table]:
    """Yield the tables of a file: its visible, filled sheets in order, or its text.

    Hidden sheets are left out: they hold the lists behind drop-downs. Raises FileRefused, in Chinese, for what
    is no table, is encrypted, damaged or in an unknown encoding, also while the rows are walked.
    """
    head = _head(path)
    if not head.strip():
        raise FileRefused(f"文件“{path.name}”是空的。", remedy="请核对导出的文件后重新报送。")
    if head.startswith((_ZIP, _OLE)):
        yield from _sheets(path)
        return
    if path.suffix.lower() not in SUFFIXES | {".txt"}:
        raise FileRefused(f"不支持文件“{path.name}”的格式。", remedy="请存为 .xlsx、.xls、.csv 或 .tsv 后再报送。")
    if head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        raise FileRefused(f"文件“{path.name}”实际是网页（HTML/XML），不是表格。", remedy=_SAVE_AS)
    encoding = text_encoding(path)
    yield Table(None, _text_rows(path, encoding, _delimiter(path, encoding)))


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(512)
    except OSError as exc:
        raise FileRefused(f"无法读取文件“{path}”：{exc.strerror}。", remedy="请核对路径和权限。") from exc


def _opened(path: Path) -> tuple[python_calamine.CalamineWorkbook, list[str]]:
    try:
        book = python_calamine.CalamineWorkbook.from_path(str(path))
        return book, [
            sheet.name
            for sheet in book.sheets_metadata
            if sheet.typ == python_calamine.SheetTypeEnum.WorkSheet
            and sheet.visible == python_calamine.SheetVisibleEnum.Visible
        ]
    except python_calamine.PasswordError as exc:
        raise FileRefused(f"工作簿“{path.name}”有密码保护。", remedy="请取消密码后再报送。") from exc
    except (python_calamine.CalamineError, OSError, ValueError) as exc:
        raise FileRefused(f"工作簿“{path.name}”打不开：文件已损坏或不是 Excel 文件。", remedy=_SAVE_AS) from exc


def _sheets(path: Path) -> Iterator[Table]:
    book, visible = _opened(path)
    filled = 0
    for name in visible:
        try:
            sheet = book.get_sheet_by_name(name)
        except (python_calamine.CalamineError, ValueError) as exc:
            raise FileRefused(f"工作簿“{path.name}”的工作表“{name}”读不出来。", remedy=_SAVE_AS) from exc
        if sheet.start is not None:
            filled += 1
            yield Table(name, _sheet_rows(sheet, cell_errors(path, name)), tuple(visible))
    if not filled:
        raise FileRefused(f"工作簿“{path.name}”没有可见的、有内容的工作表。", remedy="请核对后重新报送。")


def _sheet_rows(sheet: Any, errors: Mapping[tuple[int, int], str]) -> Iterator[tuple[int, list[Cell]]]:
    # calamine's rows begin at the sheet's first filled column.
    left = sheet.start[1]
    wrong: dict[int, dict[int, str]] = {}
    for (number, column), text in errors.items():
        if column >= left:  # what nobody calculated is not filled, and may have no title either
            wrong.setdefault(number, {})[column - left] = text
    # Cells merged downwards say for each of their rows what the first one holds; titles are merged sideways.
    spans = {
        (first + 1, column - left): last + 1
        for (first, column), (last, until) in sheet.merged_cell_ranges or ()
        if last > first and until == column
    }
    starts = {number for number, _ in spans}
    open_spans: dict[int, tuple[int, Cell]] = {}
    # iter_rows begins at the sheet's first row, blank ones included, so numbers are the clerk's.
    for number, row in enumerate(sheet.iter_rows(), start=1):
        cells = [_cell(value) for value in row]
        for column, text in wrong.get(number, {}).items():
            cells += [None] * (column + 1 - len(cells))
            cells[column] = text
        if open_spans:
            open_spans = {column: held for column, held in open_spans.items() if number <= held[0]}
            for column, (_, value) in open_spans.items():
                cells[column] = value
        if number in starts:
            for column, value in enumerate(cells):
                if (last := spans.get((number, column))) is not None:
                    open_spans[column] = last, value
        yield number, cells


def _cell(value: Any) -> Cell:
    if value == "":
        return None
    if isinstance(value, (time, timedelta)):
        return str(value)
    return value  # type: ignore[no-any-return]


def _unwrapped(cell: str) -> str | None:
    """Return the text of ="0012", which programs write so that Excel keeps its zeros."""
    return (cell[2:-1] if len(cell) > 2 and cell[-1] == '"' else cell) or None


def text_encoding(path: Path) -> str:
    """Return the encoding in which the whole of a text file can be read strictly.

    GB18030 contains GBK and GB2312. Raises FileRefused when none fits.
    """
    head = _head(path)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\x00" in head:
        raise FileRefused(f"文件“{path.name}”不是文本表格。", remedy=_SAVE_AS)
    for encoding in ("utf-8-sig", "gb18030"):
        if _readable(path, encoding):
            return encoding
    raise FileRefused(f"文件“{path.name}”的编码无法识别（不是 UTF-8、GBK 或 GB18030）。", remedy=_SAVE_AS)


def _readable(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _delimiter(path: Path, encoding: str) -> str:
    """Return the delimiter that cuts the first lines into the most cells."""
    # What cannot be decoded is told when its row is read.
    with path.open(encoding=encoding, newline="", errors="replace") as stream:
        lines = stream.read(_SNIFF_CHARS).splitlines()[:50]
    best, widest = ("\t" if path.suffix.lower() == ".tsv" else ","), 1
    for delimiter in (best, ",", "\t", ";"):
        width = sorted(len(row) for row in csv.reader(lines, delimiter=delimiter) if row)
        # The median, not the maximum: titles and notes contain commas too.
        if width and width[len(width) // 2] > widest:
            best, widest = delimiter, width[len(width) // 2]
    return best


def _text_rows(path: Path, encoding: str, delimiter: str) -> Iterator[tuple[int, list[Cell]]]:
    csv.field_size_limit(_MAX_CELL_CHARS)
    number = 0
    try:
        with path.open(encoding=encoding, newline="", buffering=_CHUNK_BYTES) as stream:
            # Strict: a quote that is never closed would make all rows behind it one cell.
            for number, row in enumerate(csv.reader(stream, delimiter=delimiter, strict=True), start=1):
                yield number, [_unwrapped(cell) if cell[:2] == '="' else cell or None for cell in row]
    except csv.Error as exc:
        raise FileRefused(
            f"文件“{path.name}”第{number + 1}行读不下去：引号不成对（{exc}）。",
            remedy="请检查这一行附近：内容里的引号要写两个，或整格不加引号；改好后重新报送整个文件。",
        ) from exc
    except UnicodeDecodeError as exc:
        raise FileRefused(f"文件“{path.name}”第{number + 1}行之后不完整或编码有误。", remedy=_SAVE_AS) from exc
