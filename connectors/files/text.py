"""Read delimited text: its encoding, its delimiter, its rows. It streams, so that a file's length costs no memory."""

import codecs
import csv
from pathlib import Path

from catalogue.errors import FileRefused
from connectors.files.first_bytes import SAVE_AS, first_bytes
from connectors.tables import SourceTable, TableRows

_CHUNK_BYTES = 1 << 20
_SNIFF_CHARS = 1 << 16
# A description of a case can be longer than the 128 KiB that csv allows; a lost quote must not swallow a file.
_MAX_CELL_CHARS = 4 << 20


def text_table(path: Path) -> SourceTable:
    """Return the table of a text file. Raises FileRefused when its encoding is unknown, also while rows are walked."""
    encoding = text_encoding(path)
    delimiter = _delimiter(path, encoding)
    return SourceTable(None, lambda: _text_rows(path, encoding, delimiter))


def _unwrapped(cell: str) -> str | None:
    """Return the text of ="0012", which programs write so that Excel keeps its zeros."""
    return (cell[2:-1] if len(cell) > 2 and cell[-1] == '"' else cell) or None


def text_encoding(path: Path) -> str:
    """Return the encoding in which the whole of a text file can be read strictly.

    GB18030 contains GBK and GB2312. Raises FileRefused when none fits.
    """
    head = first_bytes(path)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\x00" in head:
        raise FileRefused(f"文件“{path.name}”不是文本表格。", remedy=SAVE_AS)
    for encoding in ("utf-8-sig", "gb18030"):
        if _readable(path, encoding):
            return encoding
    raise FileRefused(f"文件“{path.name}”的编码无法识别（不是 UTF-8、GBK 或 GB18030）。", remedy=SAVE_AS)


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


def _text_rows(path: Path, encoding: str, delimiter: str) -> TableRows:
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
        raise FileRefused(f"文件“{path.name}”第{number + 1}行之后不完整或编码有误。", remedy=SAVE_AS) from exc
