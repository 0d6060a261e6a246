"""How much a file may unpack to before anything is parsed. A few kilobytes can ask for hundreds of gigabytes.

A parsed workbook lies in memory whole. Longer tables come as text, which streams.
"""

from catalogue.errors import FileRefused

MOST_PARTS = 10_000
MOST_UNPACKED_BYTES = 512 << 20
# Held in memory whole, unlike the sheets themselves.
MOST_NAMING_BYTES = 96 << 20
MOST_OLD_WORKBOOK_BYTES = 128 << 20
# A sheet is held as a rectangle around its filled cells, about 32 bytes a cell.
MOST_SHEET_CELLS = 8_000_000
# Each is held twice while the rectangle is filled.
MOST_FILLED_CELLS = 5_000_000
MOST_SHEET_ROWS, MOST_SHEET_COLUMNS = 1 << 20, 1 << 14
# What all texts of a sheet's cells come to, a text that many cells share counted for each.
MOST_SHEET_TEXT_BYTES = 256 << 20
# A spreadsheet keeps 32,767 characters a cell; markup around each run of them comes on top.
MOST_CELL_BYTES = 2 << 20
MOST_NESTING = 64


def too_large(name: str, what: str) -> FileRefused:
    """Return the refusal of a workbook that would take too much memory."""
    return FileRefused(
        f"工作簿“{name}”太大或已损坏：{what}。",
        remedy="请删去表外的空白区域和无用内容后另存；数据确有这么多的，请存为 UTF-8 编码的 .csv 再报送。",
    )
