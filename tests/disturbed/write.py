"""Writes a draft as a file, and says in which row of it each line stands."""

import csv
import io
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import xlsxwriter

from tests.disturbed.judge import Place
from tests.disturbed.tables import Draft, Formatted, Line

_DATE_FORMAT, _TIME_FORMAT = "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss"


def write(draft: Draft, folder: Path) -> tuple[Path, dict[Place, Line]]:
    """Write a draft into its unit's folder; return the file, and the lines by their sheets and rows."""
    place = folder / draft.unit_zh
    place.mkdir(parents=True, exist_ok=True)
    path = place / f"{draft.name}{draft.suffix}"
    if draft.is_workbook:
        return path, _workbook(draft, path)
    return path, _text(draft, path)


def _head(draft: Draft) -> list[list[object]]:
    groups: list[list[object]] = [list(draft.groups)] if draft.groups else []
    return [*draft.above, *groups, [column.title for column in draft.columns]]


def _text(draft: Draft, path: Path) -> dict[Place, Line]:
    places: dict[Place, Line] = {}
    stream = io.StringIO()
    writer = csv.writer(
        stream,
        delimiter=draft.delimiter,
        quoting=csv.QUOTE_ALL if draft.quotes_all else csv.QUOTE_MINIMAL,
        lineterminator="\r\n",
    )
    behind = [""] if draft.ends_with_delimiter else []
    head = _head(draft)
    width = len(draft.columns)
    for row in head:
        # Programs that export a sheet as text write all of its rows equally wide.
        writer.writerow([*row, *[""] * (width - len(row)), *behind])
    for row_no, line in enumerate(draft.lines, start=len(head) + 1):
        places[None, row_no] = line
        if line.raw:
            stream.write(line.raw + "\r\n")
        else:
            writer.writerow(["" if cell is None else _plain(cell) for cell in line.cells] + behind)
    path.write_bytes(stream.getvalue().encode(draft.encoding))
    return places


def _plain(cell: object) -> object:
    return cell.value if isinstance(cell, Formatted) else cell


def _workbook(draft: Draft, path: Path) -> dict[Place, Line]:
    places: dict[Place, Line] = {}
    options = {"strings_to_urls": False, "date_1904": draft.days_from_1904}
    with xlsxwriter.Workbook(str(path), options) as book:
        formats: dict[str, object] = {}
        for sheet in (s for s in draft.sheets if not s.behind):
            _fill(book, formats, book.add_worksheet(sheet.name), sheet.rows)
        share = -(-len(draft.lines) // len(draft.sheet_names))
        for number, name in enumerate(draft.sheet_names):
            lines = draft.lines[number * share : (number + 1) * share]
            head = _head(draft)
            worksheet = book.add_worksheet(name)
            _fill(book, formats, worksheet, [*head, *(line.cells for line in lines)])
            for row_no, line in enumerate(lines, start=len(head) + 1):
                places[name, row_no] = line
                if line.hidden:
                    worksheet.set_row(row_no - 1, None, None, {"hidden": True})
        for sheet in (s for s in draft.sheets if s.behind):
            _fill(book, formats, book.add_worksheet(sheet.name), sheet.rows)
    return places


def _fill(
    book: xlsxwriter.Workbook, formats: dict[str, object], sheet: object, rows: Sequence[Sequence[object]]
) -> None:
    for row_no, row in enumerate(rows):
        for column, cell in enumerate(row):
            number_format, value = "", cell
            if isinstance(cell, Formatted):
                number_format, value = cell.number_format, cell.value
            elif isinstance(cell, datetime):
                number_format = _TIME_FORMAT
            elif isinstance(cell, date):
                number_format = _DATE_FORMAT
            if value is None or value == "":
                continue
            if number_format and number_format not in formats:
                formats[number_format] = book.add_format({"num_format": number_format})
            style = [formats[number_format]] if number_format else []
            if isinstance(value, str):
                sheet.write_string(row_no, column, value, *style)  # type: ignore[attr-defined]
            else:
                sheet.write(row_no, column, value, *style)  # type: ignore[attr-defined]
