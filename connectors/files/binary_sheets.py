"""How large the sheets of a binary workbook (.xlsb) are, before they are parsed (MS-XLSB 2.1.4)."""

from collections.abc import Iterator

from connectors.files.archive import Archive
from connectors.files.limits import MOST_SHEET_CELLS, MOST_SHEET_COLUMNS, MOST_SHEET_ROWS, too_large

_ROW = 0
# Cells with a value, formulas among them; 1 is a blank one.
_CELLS = frozenset(range(2, 12))
_LONGEST_RECORD_BYTES = 4 << 20


def binary_sheet_limits(archive: Archive) -> None:
    """Raise FileRefused when a sheet of the workbook is too large or damaged."""
    for part in archive.names("xl/worksheets/"):
        row, rows, columns = 0, set[int](), set[int]()
        for kind, record in _records(archive, part):
            if kind == _ROW and len(record) >= 4:
                row = int.from_bytes(record[:4], "little")
            elif kind in _CELLS and len(record) >= 4:
                rows.add(row)
                columns.add(int.from_bytes(record[:4], "little"))
        if not rows:
            continue
        if max(rows) >= MOST_SHEET_ROWS or max(columns) >= MOST_SHEET_COLUMNS:
            raise archive.damaged()
        height, width = max(rows) - min(rows) + 1, max(columns) - min(columns) + 1
        if height * width > MOST_SHEET_CELLS:
            raise too_large(archive.name, f"工作表的内容铺开到{height}行、{width}列")


def _records(archive: Archive, part: str) -> Iterator[tuple[int, bytes]]:
    """Yield a part's records: a number and a length, seven bits a byte, then the content."""
    unread = b""
    for chunk in archive.chunks(part):
        unread += chunk
        position = 0
        while (head := _head(unread, position)) is not None:
            kind, length, begin = head
            if length > _LONGEST_RECORD_BYTES:
                raise archive.damaged()
            if begin + length > len(unread):
                break
            yield kind, unread[begin : begin + min(length, 8)]
            position = begin + length
        unread = unread[position:]


def _head(content: bytes, position: int) -> tuple[int, int, int] | None:
    """Return a record's number, its length and where its content begins; None where it is not whole."""
    numbers: list[int] = []
    for most in (2, 4):
        number = 0
        for index in range(most):
            if position >= len(content):
                return None
            byte = content[position]
            position += 1
            number |= (byte & 0x7F) << (7 * index)
            if not byte & 0x80:
                break
        numbers.append(number)
    return numbers[0], numbers[1], position
