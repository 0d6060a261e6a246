"""How large the sheets of a binary workbook (.xlsb) are, before they are parsed (MS-XLSB 2.1.4).

Its cells' number formats are not read. A workbook whose formats say more than its numbers is refused.
"""

from collections.abc import Iterator

from catalogue.errors import FileRefused
from connectors.files.archive import Archive
from connectors.files.limits import MOST_SHEET_CELLS, MOST_SHEET_COLUMNS, MOST_SHEET_ROWS, too_large
from connectors.files.number_formats import format_code, reading_of

_STYLES, _WORKBOOK = "xl/styles.bin", "xl/workbook.bin"
_FORMAT, _STYLE, _BEGIN_CELL_STYLES, _END_CELL_STYLES, _WORKBOOK_PROPERTIES = 44, 47, 617, 618, 153
_ROW = 0
# Cells with a value, formulas among them; 1 is a blank one.
_CELLS = frozenset(range(2, 12))
_LONGEST_RECORD_BYTES = 4 << 20


def refuse_binary_formats(archive: Archive) -> None:
    """Raise FileRefused where cells' formats say more than their numbers, or days are counted from 1904."""
    codes: dict[int, str] = {}
    shown: list[int] = []
    inside = False
    for kind, record in _records(archive, _STYLES, whole=True) if archive.holds(_STYLES) else ():
        if kind == _FORMAT:
            codes[int.from_bytes(record[:2], "little")] = record[6:].decode("utf-16-le", "replace")
        elif kind in (_BEGIN_CELL_STYLES, _END_CELL_STYLES):
            inside = kind == _BEGIN_CELL_STYLES
        elif kind == _STYLE and inside:
            shown.append(int.from_bytes(record[2:4], "little"))
    from_1904 = any(
        kind == _WORKBOOK_PROPERTIES and record[:1] and record[0] & 1 for kind, record in _records(archive, _WORKBOOK)
    )
    if from_1904 or any(reading_of(format_code(number, codes)) is not None for number in shown):
        raise FileRefused(
            f"工作簿“{archive.name}”（.xlsb）的数字带有格式（百分比、金额单位、前面的 0 等），这种文件的格式读不出来。",
            remedy="请在 Excel 中另存为 .xlsx 后重新报送。",
        )


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


def _records(archive: Archive, part: str, *, whole: bool = False) -> Iterator[tuple[int, bytes]]:
    """Yield a part's records: a number and a length, seven bits a byte, then the content, or its beginning."""
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
            yield kind, unread[begin : begin + (length if whole else min(length, 8))]
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
