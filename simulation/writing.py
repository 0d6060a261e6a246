"""Files as units write them: GBK and UTF-8 CSV, TSV, Excel new and old with titles, merged headers, several sheets."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import xlsxwriter
import xlwt

from catalogue.model import FieldType, Item

Cells = Sequence[object]
_EXCEL_ROWS = 1500  # units export longer tables as CSV
_DATES = ("{0:%Y-%m-%d}", "{0.year}/{0.month}/{0.day}", "{0:%Y%m%d}", "{0.year}年{0.month}月{0.day}日")
_TRUTHS = (("是", "否"), ("Y", "N"), ("有", "无"))
_EMPTY = ("", "", "/", "-", "NULL")
_TEXT_FORMATS = ("csv-gbk", "csv-utf8-bom", "csv-utf8")
_EXCEL_FORMATS = ("xlsx", "xlsx-title", "xlsx-merged", "xlsx-sheets")
_ENCODINGS = {"csv-gbk": "gb18030", "csv-utf8-bom": "utf-8-sig", "csv-utf8": "utf-8", "tsv": "utf-8"}


@dataclass(frozen=True, slots=True)
class Habit:
    """How a unit writes one item's values; the same for all of the item's files."""

    date_pattern: str
    truth: tuple[str, str]
    empty: str
    thousands: bool


def habit(item: Item) -> Habit:
    """Return how ``item`` is written."""
    seq = item.seq
    return Habit(_DATES[seq % 4], _TRUTHS[seq % 3], _EMPTY[seq % 5], seq % 4 == 0)


def file_format(item: Item, rows: int) -> str:
    """Return the format of an item's files, from how long the longest is."""
    if rows > _EXCEL_ROWS:
        return _TEXT_FORMATS[item.seq % 3]
    if item.seq % 7 == 0:
        return "tsv"
    if item.seq % 8 == 5:
        return "xls"
    return _TEXT_FORMATS[item.seq % 3] if item.seq % 3 == 0 else _EXCEL_FORMATS[item.seq % 4]


def shown(item: Item, values: Cells, added: Cells, style: Habit) -> list[object]:
    """Return the cells of a row as text and numbers, as the unit writes them; ``added`` stand behind the item's own."""
    thousands = [style.thousands and field.type is FieldType.MONEY for field in item.fields]
    return [
        *(_shown(value, style, thousands=with_commas) for value, with_commas in zip(values, thousands, strict=True)),
        *(_shown(value, style, thousands=False) for value in added),
    ]


def _shown(value: object, style: Habit, *, thousands: bool) -> object:
    if value is None:
        return style.empty
    if isinstance(value, bool):
        return style.truth[0 if value else 1]
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, date):
        return style.date_pattern.format(value)
    if thousands and isinstance(value, float):
        return f"{value:,.2f}"
    return value


def write(path: Path, kind: str, header: Sequence[str], rows: Sequence[Cells], title: str, as_of: date) -> None:
    """Write one file; the same bytes for the same arguments."""
    if kind in _ENCODINGS:
        with path.open("w", encoding=_ENCODINGS[kind], newline="") as stream:
            writer = csv.writer(stream, delimiter="\t" if kind == "tsv" else ",", lineterminator="\r\n")
            writer.writerow(header)
            writer.writerows(rows)
        return
    if kind == "xls":
        _write_xls(path, header, rows, title)
        return
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_urls": False})
    # A fixed time: the same arguments give the same file.
    book.set_properties({"created": datetime(as_of.year, as_of.month, as_of.day), "author": "样例"})  # noqa: DTZ001
    if kind == "xlsx-sheets":
        book.add_worksheet("填表说明").write(0, 0, "本文件为虚构样例数据")
        half = (len(rows) + 1) // 2
        for name, part in (("第一批", rows[:half]), ("第二批", rows[half:])):
            if part:
                _fill(book, name, [list(header)], part, title="")
    else:
        headers = [list(header)]
        if kind == "xlsx-merged":
            headers.insert(0, ["基本信息", *[""] * (len(header) - 1)])
        _fill(book, path.stem.rpartition("_")[0][:31], headers, rows, title="" if kind == "xlsx" else title)
    book.close()


def _write_xls(path: Path, header: Sequence[str], rows: Sequence[Cells], title: str) -> None:
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("Sheet1")
    bold = xlwt.easyxf("font: bold on; align: horiz center")
    sheet.write_merge(0, 0, 0, len(header) - 1, title, bold)
    for line, cells in enumerate([header, *rows], start=1):
        for column, cell in enumerate(cells):
            if cell not in (None, ""):
                sheet.write(line, column, cell, *([bold] if line == 1 else []))
    book.save(str(path))


def _fill(book: xlsxwriter.Workbook, name: str, headers: list[list[str]], rows: Sequence[Cells], title: str) -> None:
    sheet = book.add_worksheet(name)
    bold = book.add_format({"bold": True, "align": "center"})
    line, width = 0, len(headers[-1])
    if title:
        sheet.merge_range(0, 0, 0, width - 1, title, bold)
        line = 1
    for header in headers:
        if len(headers) > 1 and header is headers[0]:
            # Two groups above the header, as in printed forms.
            sheet.merge_range(line, 0, line, 1, "主体信息", bold)
            if width > 3:
                sheet.merge_range(line, 2, line, width - 1, "业务信息", bold)
        else:
            sheet.write_row(line, 0, header, bold)
        line += 1
    for row in rows:
        sheet.write_row(line, 0, row)
        line += 1
