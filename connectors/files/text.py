"""Read delimited text: its encoding, its delimiter, its rows. It streams, so that a file's length costs no memory."""

import codecs
import csv
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from catalogue.errors import FileRefused
from connectors.files.delimiter import find_delimiter
from connectors.files.first_bytes import SAVE_AS, first_bytes
from connectors.files.invisible import REPLACEMENT, has_invisible, may_hold_invisible, without_invisible
from connectors.notes import NoteKind, TableNote, note_of_rows
from connectors.tables import SourceTable, TableRows

_CHUNK_BYTES = 1 << 20
_SNIFF_CHARS = 1 << 16
_SNIFF_LINES = 200
# A description of a case can be longer than the 128 KiB that csv allows; a lost quote must not swallow a file.
_MAX_CELL_CHARS = 4 << 20
# A row of nothing but delimiters becomes a list of a pointer each.
_MAX_LINE_CHARS = 8 << 20
# No GBK text begins with so many characters that are UTF-8 too.
_CERTAINLY_UTF8_CHARS = 8
# A text may hold a stray NUL; in a program's own format they are common.
_MOST_NUL_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class _Survey:
    """What one look over the whole of a text says."""

    encoding: str
    invisible: bool
    damaged: bool


def text_table(path: Path) -> SourceTable:
    """Return the table of a text file.

    Raises FileRefused when its encoding is unknown, a byte of it does not belong to its encoding, or a line is too
    long; while rows are walked, when quotes do not close.
    """
    survey = _survey(path)
    with path.open(encoding=survey.encoding, newline="") as stream:
        # Their ends stay, as a row needs them whose quoted cell goes on in the next line.
        lines = stream.read(_SNIFF_CHARS).splitlines(keepends=True)[:_SNIFF_LINES]
    delimiter = find_delimiter(
        [without_invisible(line) for line in lines], "\t" if path.suffix.lower() == ".tsv" else ","
    )
    return SourceTable(None, lambda: _text_rows(path, survey, delimiter), notes=lambda: _notes(path, survey))


def _survey(path: Path) -> _Survey:
    """Read the whole of a text once, strictly. GB18030 contains GBK and GB2312."""
    head = first_bytes(path)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _decoded(path, "utf-16") or _refuse_bad_byte(path, "utf-16")
    if head.count(0) > _MOST_NUL_SHARE * len(head):
        raise FileRefused(f"文件“{path.name}”不是文本表格。", remedy=SAVE_AS)
    survey = _decoded(path, "utf-8-sig")
    if survey is None and (head.startswith(codecs.BOM_UTF8) or _begins_as_utf8(path)):
        _refuse_bad_byte(path, "utf-8-sig")
    return survey or _decoded(path, "gb18030") or _refuse_bad_byte(path, "gb18030")


def _decoded(path: Path, encoding: str) -> _Survey | None:
    """Return what a text holds; None when it is not of this encoding. Raises FileRefused for a line without end."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    invisible = damaged = False
    line_chars = 0
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                text = decoder.decode(chunk)
                end = max(text.rfind("\n"), text.rfind("\r"))
                line_chars = len(text) - end - 1 if end >= 0 else line_chars + len(text)
                if line_chars > _MAX_LINE_CHARS:
                    raise FileRefused(
                        f"文件“{path.name}”中有一行超过{_MAX_LINE_CHARS // 1_000_000}百万字，不是表格。", remedy=SAVE_AS
                    )
                if not (invisible and damaged) and may_hold_invisible(chunk, encoding):
                    invisible = invisible or has_invisible(text)
                    damaged = damaged or REPLACEMENT in text
            decoder.decode(b"", final=True)
    except UnicodeError:
        return None
    return _Survey(encoding, invisible, damaged)


def _begins_as_utf8(path: Path) -> bool:
    """Whether a text that is no UTF-8 as a whole begins with characters that only UTF-8 writes so."""
    with path.open("rb") as stream:
        beginning = stream.read(_CHUNK_BYTES)
    try:
        text = beginning.decode("utf-8")
    except UnicodeDecodeError as exc:
        text = beginning[: exc.start].decode("utf-8")
    return sum(not character.isascii() for character in islice(text, _SNIFF_CHARS)) >= _CERTAINLY_UTF8_CHARS


def _refuse_bad_byte(path: Path, encoding: str) -> _Survey:
    """Raise FileRefused with the place of the first byte that does not belong to the encoding."""
    name = "UTF-8" if encoding == "utf-8-sig" else "UTF-16" if encoding == "utf-16" else "UTF-8、GBK 或 GB18030"
    where = "" if encoding == "utf-16" else _bad_byte(path, encoding)
    raise FileRefused(f"文件“{path.name}”的编码无法识别或不完整（应为 {name}）{where}。", remedy=SAVE_AS)


def _bad_byte(path: Path, encoding: str) -> str:
    # Neither encoding has a line's end inside of a character.
    with path.open("rb") as stream:
        for number, line in enumerate(iter(lambda: stream.readline(_MAX_LINE_CHARS), b""), start=1):
            try:
                line.decode(encoding)
            except UnicodeDecodeError as exc:
                before = line[: exc.start].decode(encoding, "ignore")
                return f"：第{number}行第{len(before) + 1}个字处的字节 0x{line[exc.start]:02X} 读不出来"
    return ""


def _notes(path: Path, survey: _Survey) -> tuple[TableNote, ...]:
    if not survey.damaged:
        return ()
    with path.open(encoding=survey.encoding, newline="") as stream:
        rows = [number for number, line in enumerate(stream, start=1) if REPLACEMENT in line]
    text = f"文字中有“{REPLACEMENT}”：报送之前已有程序没能读出原来的字，请核对"
    return (note_of_rows(NoteKind.DAMAGED_TEXT, text, rows),)


def _unwrapped(cell: str) -> str | None:
    """Return the text of ="0012", which programs write so that Excel keeps its zeros."""
    return (cell[2:-1] if len(cell) > 2 and cell[-1] == '"' else cell) or None


def _text_rows(path: Path, survey: _Survey, delimiter: str) -> TableRows:
    csv.field_size_limit(_MAX_CELL_CHARS)
    number = 0
    try:
        with path.open(encoding=survey.encoding, newline="", buffering=_CHUNK_BYTES) as stream:
            lines: Iterable[str] = map(without_invisible, stream) if survey.invisible else stream
            # Strict: a quote that is never closed would make all rows behind it one cell.
            for number, row in enumerate(csv.reader(lines, delimiter=delimiter, strict=True), start=1):
                yield number, [_unwrapped(cell) if cell[:2] == '="' else cell or None for cell in row]
    except csv.Error as exc:
        raise FileRefused(
            f"文件“{path.name}”第{number + 1}行读不下去：引号不成对（{exc}）。",
            remedy="请检查这一行附近：内容里的引号要写两个，或整格不加引号；改好后重新报送整个文件。",
        ) from exc
    except UnicodeError as exc:
        raise FileRefused(f"文件“{path.name}”第{number + 1}行之后不完整或编码有误。", remedy=SAVE_AS) from exc
