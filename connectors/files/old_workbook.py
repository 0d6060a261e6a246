"""What an old workbook (.xls) says beside its values, and how large it is, before it is parsed for them.

calamine parses all sheets at once, each as a rectangle around its cells; xlrd reads rows as long as they are.
"""

import io
from typing import Any

import xlrd
from xlrd.formatting import std_format_strings

from catalogue.errors import FileRefused
from connectors.files.first_bytes import SAVE_AS
from connectors.files.limits import MOST_OLD_WORKBOOK_BYTES, MOST_SHEET_CELLS, too_large
from connectors.files.number_formats import Reading, reading_of
from connectors.files.sheet_scan import SheetMarks

_NUMBER = 2  # xlrd.XL_CELL_NUMBER
_CURRENCIES = frozenset({5, 6, 7, 8, 41, 42, 43, 44})


def old_workbook_marks(content: bytes, name: str) -> tuple[dict[str, SheetMarks], bool]:
    """Return the marks of the sheets by their names, and whether days are counted from 1904.

    Raises FileRefused for a workbook that is too large or damaged.
    """
    if len(content) > MOST_OLD_WORKBOOK_BYTES:
        raise too_large(name, f"超过 {MOST_OLD_WORKBOOK_BYTES >> 20} MB")
    try:
        book = xlrd.open_workbook(
            file_contents=content,
            formatting_info=True,
            ragged_rows=True,
            on_demand=True,
            ignore_workbook_corruption=True,
            logfile=io.StringIO(),
        )
        readings = {key: _reading(key, form.format_str) for key, form in book.format_map.items()}
        styles = [readings.get(xf.format_key) for xf in book.xf_list]
        marks: dict[str, SheetMarks] = {}
        cells = 0
        for sheet_name in book.sheet_names():
            sheet = book.sheet_by_name(sheet_name)
            cells += sheet.nrows * sheet.ncols
            if cells > MOST_SHEET_CELLS:
                raise too_large(name, f"工作表的内容铺开到{sheet.nrows}行、{sheet.ncols}列")
            marks[sheet_name] = _marks(sheet, styles)
            book.unload_sheet(sheet_name)
    except FileRefused:
        raise
    except Exception as exc:
        # xlrd asserts, unpacks and indexes what it takes from the file: a damaged one ends in any of these errors.
        raise FileRefused(f"工作簿“{name}”打不开：文件已损坏或不是 Excel 文件。", remedy=SAVE_AS) from exc
    return marks, book.datemode == 1


def _marks(sheet: Any, styles: list[Reading | None]) -> SheetMarks:
    marks = SheetMarks()
    marks.hidden_rows = [row + 1 for row, info in sorted(sheet.rowinfo_map.items()) if info.hidden]
    marks.hidden_columns = [(column, column) for column, info in sorted(sheet.colinfo_map.items()) if info.hidden]
    if any(style is not None for style in styles):
        for row in range(sheet.nrows):
            for column, kind in enumerate(sheet.row_types(row)):
                if kind == _NUMBER and (reading := _style(styles, sheet.cell_xf_index(row, column))) is not None:
                    marks.read_by(row + 1, column, reading)
    return marks


def _reading(key: int, code: str | None) -> Reading | None:
    # Which currency a built-in format shows is the computer's affair; xlrd knows an American one.
    return None if not code or (key in _CURRENCIES and code == std_format_strings.get(key)) else reading_of(code)


def _style(styles: list[Reading | None], index: int) -> Reading | None:
    return styles[index] if 0 <= index < len(styles) else None
