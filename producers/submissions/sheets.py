"""Which sheets of a workbook report nothing, and how a sheet is named in an error."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date

from catalogue.errors import FileRefused
from catalogue.identifiers import is_uscc, looks_like_id_number
from connectors.notes import NoteKind, TableNote
from connectors.tables import Cell
from producers.tables.header_rows import NumberedCells
from producers.tables.item_fit import NoItem

# Sheets that departments add for readers: none of their lines is a record.
_FOR_READERS = re.compile(
    r"封面|首页|扉页|目录|目次|说明|须知|要求|汇总|统计|总览|合计|图表|字典|代码表|码表|下拉|样例|示例"
)
_SAMPLES = re.compile(r"[(（]?(?:填[报写表])?(?:数据)?(?:样例|示例|样表|范例)(?:数据|表)?[)）]?")
# A row with fewer filled cells is text, such as the lines of a cover.
_LEAST_CELLS = 3
_LIKE_RECORDS = "它的表名像是不必报送的，内容却像记录。"
_DELETE_SHEET = "若不必报送，请从文件中删去这张工作表；"
# What the subjects of samples are called.
_INVENTED = re.compile(r"[示样]例|某|[Xx×*]{2}")


def refuse_samples(sheet: str | None) -> None:
    """Raise NoItem for a sheet whose whole name says that its rows show how to fill in the others."""
    if sheet is not None and _SAMPLES.fullmatch(sheet.strip()):
        remedy = "若是记录，请把表名改为不含样例、示例的名称后重新报送。"
        raise NoItem("按表名是样例，不是记录。", remedy=remedy, sample=True).in_sheet(sheet)


def reports_nothing(sheet: str | None, head: Sequence[NumberedCells], refusal: NoItem) -> str:
    """Return why a sheet reports nothing; "" where it may hold records that nobody can read.

    ``refusal`` is why it was not recognised. A name alone says too little: 汇总 may stand above records as well.
    """
    if refusal.sample:
        return "按表名是样例"
    if sheet is None or refusal.near or names_subjects(head):
        return ""
    if (words := _FOR_READERS.search(sheet)) is not None:
        return f"表名含“{words[0]}”，也没有清单的表头"
    if all(_filled(cells) < _LEAST_CELLS for _, cells in head):
        return "没有表格"
    return ""


def names_subjects(head: Sequence[NumberedCells]) -> bool:
    """Whether rows name subjects by their codes and say something of them that is no count or sum.

    A cover has the reporter's own code, behind the words that say so.
    """
    return any(map(_names_subject, (cells for _, cells in head)))


def _names_subject(cells: Sequence[Cell]) -> bool:
    texts = [str(cell).strip() for cell in cells if isinstance(cell, str | date) and str(cell).strip()]
    if not any(is_uscc(text) or looks_like_id_number(text) for text in texts):
        return False
    if any("代码" in text or _INVENTED.search(text) for text in texts):
        return False
    said = [text for text in texts if not text.replace(",", "").replace(".", "").isdigit()]
    return len(said) > 2 or _filled(cells) < _LEAST_CELLS


def _filled(cells: Sequence[Cell]) -> int:
    return sum(cell is not None and bool(str(cell).strip()) for cell in cells)


def may_be_records(sheet: str | None, refusal: NoItem) -> FileRefused:
    """Return the refusal of a sheet that by its name is no table of records, and looks like one all the same."""
    if sheet is None or _FOR_READERS.search(sheet) is None:
        return refusal
    return FileRefused(f"{refusal.message}{_LIKE_RECORDS}", remedy=f"{_DELETE_SHEET}若是记录：{refusal.remedy}")


def refuse_records(sheet: str, head: Sequence[NumberedCells]) -> None:
    """Raise FileRefused for a sheet of notes (说明) in which records stand."""
    if names_subjects(head):
        remedy = f"{_DELETE_SHEET}若是记录，请把表名改为不含“说明”的名称。"
        raise FileRefused(_LIKE_RECORDS, remedy=remedy).in_sheet(sheet)


def passed_over(sheet: str, why: str) -> TableNote:
    """Return the note that tells of a sheet of which nothing was sent."""
    return TableNote(NoteKind.PASSED_SHEET, f"工作表“{sheet}”没有报送：{why}")


@contextmanager
def in_sheet(sheet: str | None) -> Iterator[None]:
    """Name the sheet in every refusal that comes from within."""
    try:
        yield
    except FileRefused as refusal:
        refusal.in_sheet(sheet)
        raise
