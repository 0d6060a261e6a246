"""Finds canaries in bytes, whatever they are packed in: all of them, in all their forms, at once (Aho-Corasick)."""

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import cramjam
from ahocorasick_rs import BytesAhoCorasick, Implementation

from tests.canaries.canary import Canary
from tests.canaries.needles import needles

_GZIP, _ZSTD, _ZIP = b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"PK\x03\x04"
_DEEPEST = 3
# What is packed smaller than a bomb.
_MOST_BYTES = 256 << 20
_AROUND = 24
# A needle of fewer bytes would be found where nobody put it.
SHORTEST = 7


class Found(NamedTuple):
    """A canary, in which form, and what stands around it."""

    canary: Canary
    form: str
    around: bytes


class Finder:
    """Searches for canaries; made once, for it takes seconds."""

    def __init__(self, canaries: Sequence[Canary]) -> None:
        self._canaries = canaries
        self._forms: list[tuple[int, str]] = []
        patterns: list[bytes] = []
        for number, canary in enumerate(canaries):
            for form, needle in needles(canary):
                patterns.append(needle)
                self._forms.append((number, form))
        if short := [pattern for pattern in patterns if len(pattern) < SHORTEST]:
            raise ValueError(f"{short[0]!r} is found by chance")
        # Its table of states alone fits into memory.
        self._automaton = BytesAhoCorasick(patterns, implementation=Implementation.ContiguousNFA)
        self.forms = len(patterns)

    def find(self, data: bytes) -> Iterator[Found]:
        """Yield every canary in the data, and in what is packed in it."""
        for blob in unpacked(data):
            for pattern, start, end in self._automaton.find_matches_as_indexes(blob, overlapping=True):
                number, form = self._forms[pattern]
                yield Found(self._canaries[number], form, bytes(blob[max(0, start - _AROUND) : end + _AROUND]))


def unpacked(data: bytes, depth: int = 0) -> Iterator[bytes]:
    """Yield the data and, again and again, what gzip, zstd and zip have packed in it, wherever it begins."""
    yield data
    if depth == _DEEPEST:
        return
    for magic, unpack in ((_GZIP, _from_gzip), (_ZSTD, _from_zstd)):
        place = data.find(magic)
        while place >= 0:
            if inner := unpack(data[place:]):
                yield from unpacked(inner, depth + 1)
            place = data.find(magic, place + 1)
    if data.startswith(_ZIP):
        for inner in _from_zip(data):
            yield from unpacked(inner, depth + 1)


def _from_gzip(data: bytes) -> bytes:
    try:
        return zlib.decompressobj(wbits=31).decompress(data, _MOST_BYTES)
    except zlib.error:
        # Three bytes that are the beginning of nothing.
        return b""


def _from_zstd(data: bytes) -> bytes:
    try:
        return bytes(cramjam.zstd.decompress(data))
    except cramjam.DecompressionError:
        return b""


def _from_zip(data: bytes) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for entry in archive.infolist():
                if entry.file_size <= _MOST_BYTES:
                    yield archive.read(entry)
    except (zipfile.BadZipFile, gzip.BadGzipFile, NotImplementedError):
        return
