"""Cells of an .xlsx workbook that hold no value: an error (#N/A), or a formula that nobody ever calculated.

calamine gives both as blank, and a blank optional cell is no error: what a failed VLOOKUP left out would be gone
without a word. So they are looked for in the workbook's own XML (ECMA-376, part 1, 18.3.1.4).
"""

import posixpath
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

# As a program shows them, and as they stand in text files that were exported from one.
ERRORS = frozenset({"#N/A", "#DIV/0!", "#REF!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!"})
NOT_CALCULATED = "#VALUE!"

_CHUNK_BYTES = 1 << 20
# No cell that matches is longer; a longer one is cut and missed only where it spans so much.
_OVERLAP_BYTES = 1 << 14
_FORMULA = rb"<f[^>]*(?:/>|>[^<]{0,8000}</f>)\s*"
# A formula whose result is an empty text has its <v></v>.
_CELL = re.compile(
    rb'<c r="([A-Z]{1,3})([0-9]{1,7})"[^>]*?(?:\bt="e"[^>]*>(?:'
    + _FORMULA
    + rb")?<v>([^<]*)</v>|>"
    + _FORMULA
    + rb"</c>)"
)


class ErrorCells:
    """The cells without a value of a workbook's sheets; the file is opened once, and is closed with this object."""

    def __init__(self, path: Path) -> None:
        self._book: zipfile.ZipFile | None = None
        self._parts: dict[str, str] = {}
        try:
            self._book = zipfile.ZipFile(path)
            self._parts = _parts(self._book)
        except (zipfile.BadZipFile, KeyError, ElementTree.ParseError, OSError):
            # An old workbook, or one whose parts are nowhere: calamine alone says what it holds.
            pass

    def of(self, sheet: str) -> dict[tuple[int, int], str]:
        """Return the errors of a sheet by (row from 1, column from 0); none for what is no .xlsx workbook."""
        part = self._parts.get(sheet)
        if self._book is None or part is None:
            return {}
        try:
            return dict(_errors(self._book, part))
        except (zipfile.BadZipFile, KeyError, OSError):
            return {}


def _parts(book: zipfile.ZipFile) -> dict[str, str]:
    """Return, by the sheets' names, the names of the parts that hold them."""
    if "xl/workbook.xml" not in book.namelist():
        return {}
    targets = {
        node.get("Id"): node.get("Target", "")
        for node in ElementTree.fromstring(book.read("xl/_rels/workbook.xml.rels"))
    }
    parts: dict[str, str] = {}
    for node in ElementTree.fromstring(book.read("xl/workbook.xml")).iterfind(".//{*}sheet"):
        relation = next((value for name, value in node.attrib.items() if name.endswith("}id")), None)
        target = targets.get(relation)
        if target is not None:
            absolute = target.startswith("/")
            part = target.lstrip("/") if absolute else posixpath.normpath(f"xl/{target}")
            parts.setdefault(node.get("name", ""), part)
    return parts


def _errors(book: zipfile.ZipFile, part: str) -> Iterator[tuple[tuple[int, int], str]]:
    with book.open(part) as stream:
        unread = b""
        while chunk := stream.read(_CHUNK_BYTES):
            unread += chunk
            # A cell that the chunk cut is met whole with the next one; one met twice is the same.
            for found in _CELL.finditer(unread):
                text = (found[3] or b"").decode() if found[3] else NOT_CALCULATED
                yield (int(found[2]), _column(found[1])), text
            unread = unread[-_OVERLAP_BYTES:]


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number - 1
