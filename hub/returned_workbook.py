"""The workbook of rows that were not taken: the clerk's own columns, the reasons beside them, ready to be pushed."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

import xlsxwriter

from catalogue.model import Item
from catalogue.titles import UNIT, title_keys
from producers.submissions.progress import SubmissionProgress
from producers.submissions.returned_rows import ReturnedRow
from producers.submissions.sealed_rows import CUT, SealedCell, SealedRow
from producers.tables.columns import EXTRA, RETURNED, ColumnMatcher

_REASON, _REMEDY, _ROW_NO = EXTRA[RETURNED]
_LONGEST_CELL_CHARS = 32_767  # Excel's own limit
_Key = tuple[str, str, int]  # title, field, and which of the columns with both


def write_returned(path: Path, item: Item, progress: SubmissionProgress, rows: Sequence[ReturnedRow]) -> None:
    """Write the rows of one submission below the declarations that hold for them.

    They are an addition, whatever their list was: pushed as a whole list they would withdraw all the others. Only its
    owner may read the file, for what was sealed is open in it.
    """
    columns = _columns(rows)
    options = {"strings_to_formulas": False, "strings_to_urls": False}
    with _private(path) as stream, xlsxwriter.Workbook(stream, options) as book:
        bold = book.add_format({"bold": True, "bg_color": "#DDEBF7", "border": 1})
        faulty = book.add_format({"bg_color": "#FFF2CC", "num_format": "@"})
        plain = book.add_format({"num_format": "@"})
        sheet = book.add_worksheet("退回的行")
        sheet.write_string(0, 0, _heading(item, progress))
        own_titles = _titles(item, list(columns.values()))
        titles = [*own_titles, _REASON, _REMEDY, _ROW_NO]
        for index, title in enumerate(titles):
            sheet.write_string(1, index, title, bold)
            sheet.set_column(index, index, max(12, min(40, 2 * len(title) + 2)), plain)
        sheet.freeze_panes(2, 0)
        for line, row in enumerate(rows, start=2):
            texts = {key: cell.text for key, cell in _keyed(row.cells)}
            shortened = row.cells.cut
            wrong = {reason.column for reason in row.reasons}
            for index, (key, cell) in enumerate(columns.items()):
                text = texts.get(key, "")
                if cell.code_words and own_titles[index] != cell.title:
                    # The mapping that knew the file's own words for codes does not come along.
                    text = cell.code_words.get(text, text)
                if len(text) > _LONGEST_CELL_CHARS:
                    text, shortened = text[: _LONGEST_CELL_CHARS - 1] + CUT, True
                style = faulty if cell.title in wrong else plain
                if text or style is faulty:
                    sheet.write_string(line, index, text, style)
            cut = ["这一行太长，只保存了开头，请从原文件补全"] if shortened else []
            named = [f"{reason.column}：{reason.message}".removeprefix("：") for reason in row.reasons]
            remedies = dict.fromkeys(reason.remedy for reason in row.reasons if reason.remedy)
            sheet.write_string(line, len(columns), "；".join([*named, *cut]))
            sheet.write_string(line, len(columns) + 1, "；".join(remedies))
            sheet.write_number(line, len(columns) + 2, row.row_no)


def _private(path: Path) -> IO[bytes]:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    # It may have been there.
    os.fchmod(descriptor, 0o600)
    return os.fdopen(descriptor, "wb")


def _columns(rows: Sequence[ReturnedRow]) -> dict[_Key, SealedCell]:
    """Return the columns of all rows in the file's order; rows kept before all cells were may lack some."""
    columns: dict[_Key, SealedCell] = {}
    for row in sorted(rows, key=lambda row: len(row.cells.cells), reverse=True):
        for key, cell in _keyed(row.cells):
            columns.setdefault(key, cell)
    return columns


def _keyed(row: SealedRow) -> Iterator[tuple[_Key, SealedCell]]:
    counts = Counter[tuple[str, str]]()
    for cell in row.cells:
        counts[cell.title, cell.field] += 1
        yield (cell.title, cell.field, counts[cell.title, cell.field]), cell


def _titles(item: Item, columns: Sequence[SealedCell]) -> list[str]:
    """Return the file's titles, and where one would not be read as it was, one that is.

    The unit may have stood above the table or in an answer, and the field in a mapping. No title may name another
    unit than the one that was read.
    """
    matcher = ColumnMatcher(item)
    fields = {field.name: field.zh for field in item.fields}
    titles: list[str] = []
    for cell in columns:
        if cell.field not in fields or cell.month is not None:
            titles.append(cell.title)
            continue
        unit = cell.unit if UNIT.fullmatch(cell.unit) else ""
        forms = [form for name in (cell.title, fields[cell.field]) for form in _forms(name, unit)]
        titles.append(next((form for form in forms if _reads_as(matcher, form, cell.field, unit)), forms[0]))
    return titles


def _forms(title: str, unit: str) -> list[str]:
    bare = next((key for key, _ in title_keys(title) if not title_keys(key)[0][1]), title)
    return [title, f"{title}({unit})", f"{bare}({unit})"] if unit else [title, bare]


def _reads_as(matcher: ColumnMatcher, title: str, field: str, unit: str) -> bool:
    column = matcher.match([title]).columns.get(0)
    return column is not None and (column.field.name, column.unit) == (field, unit)


def _heading(item: Item, progress: SubmissionProgress) -> str:
    parts = [f"{item.zh}：退回待改的行", "报送方式：增量"]
    if progress.period:
        parts.append(f"所属期：{progress.period}")
    if progress.data_date is not None:
        parts.append(f"数据日期：{progress.data_date.isoformat()}")
    return "；".join(parts)
