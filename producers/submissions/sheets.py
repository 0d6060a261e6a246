"""Which sheets of a workbook report nothing, and how a sheet is named in an error."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from catalogue.errors import FileRefused
from connectors.notes import NoteKind, TableNote
from connectors.tables import Cell
from producers.tables.header_rows import NumberedCells
from producers.tables.lookalikes import ItemQuestion

# Sheets that departments add for readers: none of their lines is a record.
_FOR_READERS = re.compile(
    r"封面|首页|扉页|目录|目次|说明|须知|要求|汇总|统计|总览|合计|图表|字典|代码表|码表|下拉|样例|示例"
)
# A row with fewer filled cells is text, such as the lines of a cover.
_LEAST_CELLS = 3


def reports_nothing(sheet: str | None, head: Sequence[NumberedCells]) -> str:
    """Return why a sheet without a known header reports nothing; "" where it may hold records that nobody can read."""
    if sheet is None:
        return ""
    if (words := _FOR_READERS.search(sheet)) is not None:
        return f"表名含“{words[0]}”，也没有清单的表头"
    if all(_filled(cells) < _LEAST_CELLS for _, cells in head):
        return "没有表格"
    return ""


def _filled(cells: Sequence[Cell]) -> int:
    return sum(cell is not None and bool(str(cell).strip()) for cell in cells)


def passed_over(sheet: str, why: str) -> TableNote:
    """Return the note that tells of a sheet of which nothing was sent."""
    return TableNote(NoteKind.PASSED_SHEET, f"工作表“{sheet}”没有报送：{why}")


@contextmanager
def in_sheet(sheet: str | None) -> Iterator[None]:
    """Name the sheet in every refusal that comes from within."""
    try:
        yield
    except ItemQuestion as question:
        raise ItemQuestion(question.candidates, sheet) from question
    except FileRefused as refusal:
        if sheet is None:
            raise
        raise FileRefused(f"工作表“{sheet}”：{refusal.message}", remedy=refusal.remedy) from refusal
