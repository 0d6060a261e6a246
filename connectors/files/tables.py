"""Open the tables that departments send as files: Excel workbooks and delimited text."""

from collections.abc import Iterator
from pathlib import Path

from catalogue.errors import FileRefused
from connectors.files.first_bytes import OLE, SAVE_AS, ZIP, first_bytes
from connectors.files.text import text_table
from connectors.files.workbook import Workbook
from connectors.tables import SourceTable

SUFFIXES = frozenset({".xlsx", ".xls", ".xlsm", ".xlsb", ".et", ".csv", ".tsv"})


def open_tables(path: Path) -> Iterator[SourceTable]:
    """Yield the tables of a file, which is opened once: its visible, filled sheets in order, or its text.

    Hidden sheets are left out: they hold the lists behind drop-downs. Raises FileRefused, in Chinese, for what
    is no table, is encrypted, damaged or in an unknown encoding, also while the rows are walked.
    """
    head = first_bytes(path)
    if not head.strip():
        raise FileRefused(f"文件“{path.name}”是空的。", remedy="请核对导出的文件后重新报送。")
    if head.startswith((ZIP, OLE)):
        yield from Workbook(path).tables()
        return
    if path.suffix.lower() not in SUFFIXES | {".txt"}:
        raise FileRefused(f"不支持文件“{path.name}”的格式。", remedy="请存为 .xlsx、.xls、.csv 或 .tsv 后再报送。")
    beginning = head.lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if beginning.startswith(b"<"):
        raise FileRefused(f"文件“{path.name}”实际是网页（HTML/XML），不是表格。", remedy=SAVE_AS)
    if beginning.startswith((b"mime-version:", b"content-type: multipart")) or b"multipart/related" in beginning:
        raise FileRefused(f"文件“{path.name}”实际是网页（MHTML），不是表格。", remedy=SAVE_AS)
    yield text_table(path)
