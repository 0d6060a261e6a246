"""The parts of a workbook that is a zip archive (.xlsx, .xlsm, .xlsb), checked before anything of them is parsed."""

import posixpath
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import IO
from xml.parsers import expat

from catalogue.errors import FileRefused
from connectors.files.first_bytes import SAVE_AS
from connectors.files.limits import (
    MOST_CELL_BYTES,
    MOST_NAMING_BYTES,
    MOST_NESTING,
    MOST_PARTS,
    MOST_UNPACKED_BYTES,
    too_large,
)

_CHUNK_BYTES = 1 << 18
_WORKBOOK, _BINARY_WORKBOOK = "xl/workbook.xml", "xl/workbook.bin"
_DAMAGED = (zipfile.BadZipFile, zlib.error, KeyError, EOFError, OSError, NotImplementedError, ValueError)
OnStart = Callable[[str, Mapping[str, str]], None]


class Archive:
    """A workbook's parts by name, whatever its letters' case. Raises FileRefused when it is damaged or too large."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        self.name = name
        try:
            self._zip = zipfile.ZipFile(file)
            parts = self._zip.infolist()
        except _DAMAGED as exc:
            raise self.damaged() from exc
        self._parts = {part.filename.lower(): part for part in parts}
        if len(parts) > MOST_PARTS or len(self._parts) < len(parts):
            raise self.damaged()
        if any(part.flag_bits & 1 for part in parts):
            raise FileRefused(f"工作簿“{name}”有密码保护。", remedy="请取消密码后再报送。")
        naming = [part for part in parts if not part.filename.lower().startswith("xl/worksheets/")]
        if sum(part.file_size for part in parts) > MOST_UNPACKED_BYTES:
            raise too_large(name, f"解开后超过 {MOST_UNPACKED_BYTES >> 20} MB")
        if sum(part.file_size for part in naming if _is_read(part)) > MOST_NAMING_BYTES:
            raise too_large(name, f"文字和样式解开后超过 {MOST_NAMING_BYTES >> 20} MB")
        for part in parts:
            if _is_read(part):
                self._check_size(part)
        self.binary = _BINARY_WORKBOOK in self._parts
        if not self.binary and _WORKBOOK not in self._parts:
            raise FileRefused(f"文件“{name}”不是 Excel 工作簿。", remedy=SAVE_AS)

    def damaged(self) -> FileRefused:
        """Return the refusal of a damaged workbook."""
        return FileRefused(f"工作簿“{self.name}”打不开：文件已损坏或不是 Excel 文件。", remedy=SAVE_AS)

    def holds(self, part: str) -> bool:
        """Whether there is such a part."""
        return part.lower() in self._parts

    def names(self, folder: str) -> list[str]:
        """Return the names of the parts directly in a folder."""
        return [name for name in self._parts if name.startswith(folder) and "/" not in name[len(folder) :]]

    def open(self, part: str) -> IO[bytes]:
        """Open a part; KeyError when there is none."""
        return self._zip.open(self._parts[part.lower()])

    def chunks(self, part: str) -> Iterator[bytes]:
        """Yield the bytes of a part. Raises FileRefused when they are damaged."""
        try:
            with self.open(part) as stream:
                while chunk := stream.read(_CHUNK_BYTES):
                    yield chunk
        except _DAMAGED as exc:
            raise self.damaged() from exc

    def parse(
        self, part: str, on_start: OnStart, on_parser: Callable[[expat.XMLParserType], None] = lambda parser: None
    ) -> None:
        """Walk a part's elements by their local names; ``on_parser`` may set further handlers.

        Raises FileRefused for XML that is none, nests too deeply or has a text that no cell can hold.
        """
        parser = expat.ParserCreate()
        on_parser(parser)
        depth = starts = 0

        def start(name: str, attributes: Mapping[str, str]) -> None:
            nonlocal depth, starts
            depth += 1
            starts += 1
            if depth > MOST_NESTING:
                raise self.damaged()
            on_start(name.rpartition(":")[2] if ":" in name else name, attributes)

        def end(name: str) -> None:
            nonlocal depth
            depth -= 1

        def doctype(*declared: object) -> None:
            # No spreadsheet declares entities; those that would grow without end.
            raise self.damaged()

        parser.StartElementHandler, parser.EndElementHandler = start, end
        parser.StartDoctypeDeclHandler = doctype
        before, silent_bytes = 0, 0
        try:
            for chunk in self.chunks(part):
                parser.Parse(chunk, False)
                silent_bytes = 0 if starts > before else silent_bytes + len(chunk)
                before = starts
                if silent_bytes > MOST_CELL_BYTES:
                    raise too_large(self.name, "有一格的内容过长")
            parser.Parse(b"", True)
        except (expat.ExpatError, LookupError, ValueError) as exc:
            # An encoding that nobody knows, or that the parser cannot read, is no ExpatError.
            raise self.damaged() from exc

    def sheet_parts(self) -> dict[str, str]:
        """Return, by the sheets' names, the names of the parts that hold them; none for a binary workbook."""
        targets: dict[str, str] = {}
        sheets: list[tuple[str, str]] = []

        def relation(name: str, attributes: Mapping[str, str]) -> None:
            if name == "Relationship":
                targets[attributes.get("Id", "")] = attributes.get("Target", "")

        def sheet(name: str, attributes: Mapping[str, str]) -> None:
            if name == "sheet":
                identity = next((value for key, value in attributes.items() if key.endswith(":id")), "")
                sheets.append((attributes.get("name", ""), identity))

        if self.binary or not self.holds("xl/_rels/workbook.xml.rels"):
            return {}
        self.parse("xl/_rels/workbook.xml.rels", relation)
        self.parse(_WORKBOOK, sheet)
        parts: dict[str, str] = {}
        for name, identity in sheets:
            target = targets.get(identity, "")
            part = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")
            if self.holds(part):
                parts.setdefault(name, part)
        return parts

    def _check_size(self, part: zipfile.ZipInfo) -> None:
        """Raise FileRefused when a part unpacks to more than it says: the sizes above would mean nothing."""
        unpacked = 0
        for chunk in self.chunks(part.filename):
            unpacked += len(chunk)
        if unpacked != part.file_size:
            raise self.damaged()


def _is_read(part: zipfile.ZipInfo) -> bool:
    """Whether a parser reads a part: not pictures, nor what Excel keeps of itself."""
    name = part.filename.lower()
    return name.endswith((".xml", ".bin", ".rels")) and not name.startswith(("xl/media/", "xl/printersettings/"))
