"""How much the texts of a sheet come to. Cells share a text by its number, and a parser copies it for each of them."""

import re
from array import array
from collections.abc import Mapping

from connectors.files.archive import Archive
from connectors.files.limits import MOST_SHEET_TEXT_BYTES, too_large

_TEXTS = "xl/sharedStrings.xml"
_TEXT = re.compile(rb"<(?:\w+:)?si[\s/>]")


class SharedTexts:
    """The lengths of a workbook's shared texts, looked at as closely as a sheet makes it necessary."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._longest: int | None = None
        self._lengths: array[int] | None = None

    def refuse_too_much(self, part: str, cells: int) -> None:
        """Raise FileRefused when the texts of a sheet with so many cells come to more than memory should take."""
        if cells * self._longest_bytes() > MOST_SHEET_TEXT_BYTES and self._sum(part) > MOST_SHEET_TEXT_BYTES:
            raise too_large(self._archive.name, "工作表中的文字过多")

    def _longest_bytes(self) -> int:
        if self._longest is None:
            self._longest = 0
            read = last = 0
            for chunk in self._archive.chunks(_TEXTS) if self._archive.holds(_TEXTS) else ():
                for match in _TEXT.finditer(chunk):
                    self._longest = max(self._longest, read + match.start() - last)
                    last = read + match.start()
                read += len(chunk)
            self._longest = max(self._longest, read - last)
        return self._longest

    def _sum(self, part: str) -> int:
        lengths = self._lengths if self._lengths is not None else self._measure()
        total, shares, awaited = 0, False, False

        def start(name: str, attributes: Mapping[str, str]) -> None:
            nonlocal awaited, shares
            if name == "c":
                shares = attributes.get("t") == "s"
            awaited = shares and name == "v"

        def text(content: str) -> None:
            nonlocal total
            if awaited and content.isdigit() and int(content) < len(lengths):
                total += lengths[int(content)]

        def set_text(parser: object) -> None:
            setattr(parser, "CharacterDataHandler", text)  # noqa: B010 - a parser's type has no such attribute to mypy

        self._archive.parse(part, start, set_text)
        return total

    def _measure(self) -> "array[int]":
        """Return the texts' lengths in bytes, about: three a character."""
        lengths = array("L")

        def start(name: str, attributes: Mapping[str, str]) -> None:
            if name == "si":
                lengths.append(0)

        def text(content: str) -> None:
            if lengths:
                lengths[-1] += 3 * len(content)

        def set_text(parser: object) -> None:
            setattr(parser, "CharacterDataHandler", text)  # noqa: B010

        self._archive.parse(_TEXTS, start, set_text)
        self._lengths = lengths
        return lengths
