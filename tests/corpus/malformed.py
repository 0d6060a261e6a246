"""The kinds of malformed files. Each maker takes a seeded random source and returns one file.

Where a file still holds every row, it says how many: none of them may vanish.
"""

import codecs
import functools
import io
import random
import re
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from msoffcrypto.format.ooxml import OOXMLFile

from tests.corpus.tables import DECIDED, FINE, REMARK, Row, as_csv, as_xls, as_xlsx, sound_rows

Maker = Callable[[random.Random], "Malformed"]
_SHEET, _TEXTS, _STYLES, _BOOK = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml", "xl/workbook.xml"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_SUFFIXES = (".csv", ".xls", ".xlsx", ".et", ".tsv", ".xlsm", ".txt", ".xlsb")


@dataclass(frozen=True, slots=True)
class Malformed:
    """One file; ``rows``: how many records it holds that must be counted or told, where that is known."""

    suffix: str
    content: bytes
    rows: int | None = None


@functools.cache
def _base(kind: str) -> bytes:
    rows = sound_rows(random.Random(1), 12)
    return {"csv": as_csv, "xlsx": as_xlsx, "xls": as_xls}[kind](rows)


@functools.cache
def _encrypted(password: str) -> bytes:
    content = io.BytesIO()
    OOXMLFile(io.BytesIO(_base("xlsx"))).encrypt(password, content)
    return content.getvalue()


def _rows(rng: random.Random, column: int, cells: list[object]) -> tuple[list[Row], int]:
    rows = sound_rows(rng, rng.randrange(2, 9))
    for row in rows:
        if rng.random() < 0.7:
            row[column] = rng.choice(cells)
    return rows, len(rows)


def _flipped(rng: random.Random, content: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(rng.choice((1, 1, 3, 10, 200))):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def _spliced(rng: random.Random, content: bytes) -> bytes:
    """Cut a piece out, or put one in twice."""
    first, last = sorted(rng.sample(range(len(content) + 1), 2))
    last = min(last, first + rng.choice((1, 20, 400, 10**9)))
    return content[:first] + content[first:last] * rng.choice((0, 2, 3)) + content[last:]


def truncated(rng: random.Random) -> Malformed:
    kind = rng.choice(("csv", "xlsx", "xls"))
    content = _base(kind)
    return Malformed("." + kind, content[: rng.randrange(len(content))])


def flipped(rng: random.Random) -> Malformed:
    kind = rng.choice(("csv", "xlsx", "xls"))
    return Malformed("." + kind, _flipped(rng, _base(kind)))


def spliced(rng: random.Random) -> Malformed:
    kind = rng.choice(("csv", "xlsx", "xls"))
    return Malformed("." + kind, _spliced(rng, _base(kind)))


def renamed(rng: random.Random) -> Malformed:
    return Malformed(rng.choice(_SUFFIXES), _base(rng.choice(("csv", "xlsx", "xls"))), 12)


def noise(rng: random.Random) -> Malformed:
    head = rng.choice((b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", codecs.BOM_UTF8, codecs.BOM_UTF16_LE,
                       b"<html>", b"%PDF-1.7", b"{\"a\":", b"MIME-Version: 1.0\n", b"\x1f\x8b", bytes(20)))  # fmt: skip
    return Malformed(rng.choice(_SUFFIXES), head + rng.randbytes(rng.choice((0, 1, 30, 600, 20_000))))


def encoded(rng: random.Random) -> Malformed:
    rows = sound_rows(rng, 4)
    encoding = rng.choice(("utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16", "utf-16-le", "utf-16-be", "big5", "utf-32",
                           "shift_jis", "latin-1", "utf-7", "hz"))  # fmt: skip
    content = as_csv(rows, encoding)
    if rng.random() < 0.5:
        content += as_csv(sound_rows(rng, 3), rng.choice(("utf-8", "gbk", "utf-16", "utf-8-sig")))
    return Malformed(".csv", content)


def delimited(rng: random.Random) -> Malformed:
    rows = sound_rows(rng, 5)
    for row in rows:
        if rng.random() < 0.5:
            row[REMARK] = rng.choice(("a;b;c;d;e", "甲|乙|丙", "一,二,三", "1\t2", '说"这"个', "^^^", "~", "多\n行"))
    delimiter = rng.choice(",;\t|^~")
    return Malformed(".csv", as_csv(rows, delimiter=delimiter), len(rows))


def quoted(rng: random.Random) -> Malformed:
    text = _base("csv").decode()
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(text))
        text = text[:at] + rng.choice(('"', '""', "'", '","', "\r", "\x00", "\u2028", ",,,,", '="')) + text[at:]
    return Malformed(".csv", text.encode())


def long_cells(rng: random.Random) -> Malformed:
    cell = rng.choice(("长", "[", "{", '[{"a":', "(", "9", " ", "\u200b")) * rng.choice((5_000, 40_000, 120_000))
    rows, count = _rows(rng, rng.choice((REMARK, FINE, 4)), [cell])
    return Malformed(".csv", as_csv(rows), count)


def long_lines(rng: random.Random) -> Malformed:
    filler = rng.choice((b",", b"\x00", b'"', b" ", b"9", "长".encode())) * rng.choice((10_000, 300_000, 4_000_000))
    return Malformed(".csv", _base("csv") + filler + rng.choice((b"", b"\n", _base("csv"))))


def _as_either(rng: random.Random, rows: list[Row], count: int) -> Malformed:
    if rng.random() < 0.4:
        return Malformed(".xlsx", as_xlsx(rows), count)
    return Malformed(".csv", as_csv(rows), count)


def dated(rng: random.Random) -> Malformed:
    cells: list[object] = [
        "1899-12-30", "1900-01-01", "0000-00-00", "2025-13-01", "2025年", "20250230", "45000", "45000.5", 45000, 0, -1,
        "昨天", "9999-12-31", "2025/1/2 25:00", "1/2/2025", "114.1.2", "99999999", 1e300, "二〇二五年一月二日", "1e5",
        "2025-01-02T00:00:00+99:00", "2025-1-2;2025-1-3", "N/A", True,
    ]  # fmt: skip
    rows, count = _rows(rng, DECIDED, cells)
    return _as_either(rng, rows, count)


def amounts(rng: random.Random) -> Malformed:
    cells: list[object] = [
        "1e999999", "NaN", "Infinity", "-0", "1_000", "1,00,00", "￥", "万元", "100万元", "$5", "0x10", "٣", "½", "①",
        "1" * 400, "." * 50, "-" * 9, "(" * 60, "1e5e5", "100%", "百", 1e308, float(2**70), "1.234.567", "5元5角",
        "約5", "1E+15", "=1+1", "－５", "5．5", "５万",
    ]  # fmt: skip
    rows, count = _rows(rng, FINE, cells)
    return _as_either(rng, rows, count)


def formulas(rng: random.Random) -> Malformed:
    cells: list[object] = [
        "=1+1", "=cmd|'/c calc'!A1", "@SUM(A1:A9)", "+1+cmd", "-2+3", '=HYPERLINK("http://x","y")', "#N/A", "#REF!",
    ]  # fmt: skip
    rows, count = _rows(rng, rng.choice((REMARK, FINE, DECIDED, 4)), cells)
    if rng.random() < 0.5:
        return Malformed(".csv", as_csv(rows), count)
    content = as_xlsx(rows)
    return Malformed(".xlsx", content, count)


def with_parts(content: bytes, changed: Mapping[str, bytes]) -> bytes:
    """Return a workbook with some of its parts changed."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as book:
        for name in source.namelist():
            book.writestr(name, changed.get(name, source.read(name)))
    return target.getvalue()


@functools.cache
def _part(name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(_base("xlsx"))) as book:
        return book.read(name)


def broken_parts(rng: random.Random) -> Malformed:
    name = rng.choice((_SHEET, _SHEET, _TEXTS, _STYLES, _BOOK, "xl/_rels/workbook.xml.rels", "[Content_Types].xml"))
    content = rng.choice((_spliced, _flipped))(rng, _part(name)) if rng.random() < 0.9 else b""
    return Malformed(".xlsx", with_parts(_base("xlsx"), {name: content}))


def odd_attributes(rng: random.Random) -> Malformed:
    odd = rng.choice(
        ("", "-1", "0", "1048577", "99999999999", "4294967296", "A", "XFD1048576", "ZZZZ9", "1.5", "é", "true")
    )
    name = rng.choice((_SHEET, _SHEET, _SHEET, _STYLES, _BOOK))
    values = list(re.finditer(rb'(?<=")[^"<>]*(?=")', _part(name)))
    content = _part(name)
    for match in sorted(rng.sample(values, min(len(values), rng.choice((1, 2, 5)))), key=lambda m: -m.start()):
        content = content[: match.start()] + odd.encode() + content[match.end() :]
    return Malformed(".xlsx", with_parts(_base("xlsx"), {name: content}))


def far_cells(rng: random.Random) -> Malformed:
    corner = rng.choice(
        ("XFD1048576", "A1048576", "XFD1", "ZZZ99", "XFE1", "A1048577", "A0", "B99999999999", "AAAAAAA1")
    )
    cells = f'<row r="1"><c r="A1"><v>1</v></c></row><row><c r="{corner}"><v>1</v></c></row>'
    sheet = f'<worksheet xmlns="{_MAIN}"><sheetData>{cells}</sheetData></worksheet>'
    return Malformed(".xlsx", with_parts(_base("xlsx"), {_SHEET: sheet.encode()}))


def zip_bombs(rng: random.Random) -> Malformed:
    size = rng.choice((1, 40, 200, 700)) << 20
    kind = rng.randrange(4)
    if kind == 0:
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        packed = b"".join(packer.compress(b" " * (1 << 20)) for _ in range(size >> 20)) + packer.flush()
        return Malformed(".xlsx", _stored_deflated(rng.choice((_SHEET, _TEXTS, "xl/media/a.png")), packed, size))
    if kind == 1:
        text = b"<si><t>" + "长".encode() * 10_000 + b"</t></si>"
        cells = b"".join(b'<row><c t="s"><v>0</v></c></row>' for _ in range(rng.choice((10, 20_000))))
        sheet = f'<worksheet xmlns="{_MAIN}"><sheetData>'.encode() + cells + b"</sheetData></worksheet>"
        texts = f'<sst xmlns="{_MAIN}">'.encode() + text + b"</sst>"
        return Malformed(".xlsx", with_parts(_base("xlsx"), {_SHEET: sheet, _TEXTS: texts}))
    if kind == 2:
        entities = b"".join(b'<!ENTITY e%d "%s">' % (n, b"&e%d;" % (n - 1) * 10 if n else b"ha") for n in range(12))
        bomb = b'<?xml version="1.0"?><!DOCTYPE s [' + entities + b"]><worksheet>&e11;</worksheet>"
        return Malformed(".xlsx", with_parts(_base("xlsx"), {rng.choice((_SHEET, _TEXTS, _BOOK, _STYLES)): bomb}))
    deep = b"<a>" * rng.choice((100, 20_000)) + b"x"
    return Malformed(".xlsx", with_parts(_base("xlsx"), {rng.choice((_SHEET, _TEXTS, _STYLES, _BOOK)): deep}))


def _stored_deflated(name: str, packed: bytes, size: int) -> bytes:
    """Return a workbook with one part more, given as it is packed; made without unpacking it."""
    target = io.BytesIO(_base("xlsx"))
    with zipfile.ZipFile(target, "a") as book:
        info = zipfile.ZipInfo(
            name if name.endswith("png") else name.replace("1.", "2.").replace("Strings", "Strings2")
        )
        book.writestr(info, packed)
        entry = book.filelist[-1]
    content = bytearray(target.getvalue())
    # The part was stored as it is: say now that it is deflated, and what it unpacks to.
    for mark, method_at, size_at, name_at in ((b"PK\x03\x04", 8, 22, 30), (b"PK\x01\x02", 10, 24, 46)):
        encoded_name, at = entry.filename.encode(), -1
        while (at := content.find(mark, at + 1)) >= 0:
            if content[at + name_at : at + name_at + len(encoded_name)] == encoded_name:
                content[at + method_at : at + method_at + 2] = (8).to_bytes(2, "little")
                content[at + size_at : at + size_at + 4] = size.to_bytes(4, "little")
    return bytes(content)


def lying_archives(rng: random.Random) -> Malformed:
    content = bytearray(_base("xlsx"))
    starts = [match.start() for match in re.finditer(b"PK\x01\x02|PK\x03\x04|PK\x05\x06", bytes(content))]
    for _ in range(rng.choice((1, 3))):
        at = min(rng.choice(starts) + rng.randrange(4, 30), len(content) - 1)
        content[at] = rng.choice((0, 1, 8, 99, 255, rng.randrange(256)))
    return Malformed(".xlsx", bytes(content))


def encrypted(rng: random.Random) -> Malformed:
    content = _encrypted(rng.choice(("VelvetSweatshop", "别的密码")))
    return Malformed(".xlsx", content if rng.random() < 0.3 else _flipped(rng, content))


MAKERS: tuple[Maker, ...] = (
    truncated, flipped, spliced, renamed, noise, encoded, delimited, quoted, long_cells, long_lines, dated, amounts,
    formulas, broken_parts, odd_attributes, far_cells, zip_bombs, lying_archives, encrypted,
)  # fmt: skip
# What takes long to make or to refuse comes less often.
_SELDOM: dict[Maker, float] = {zip_bombs: 0.25, encrypted: 0.1, long_lines: 0.1, long_cells: 0.5}


def make(seed: int) -> tuple[str, Malformed]:
    """Return the name of a kind and a file of it; the same for the same seed."""
    rng = random.Random(seed)
    maker = rng.choices(MAKERS, [_SELDOM.get(maker, 1.0) for maker in MAKERS])[0]
    return maker.__name__, maker(rng)
