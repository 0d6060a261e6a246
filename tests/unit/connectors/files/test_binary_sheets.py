"""A binary workbook whose formats say more than its numbers is refused: they are not read."""

import io
import zipfile

import pytest

from catalogue.errors import FileRefused
from connectors.files.archive import Archive
from connectors.files.binary_sheets import refuse_binary_formats

FORMAT, STYLE, WORKBOOK = 44, 47, 153
CELL_STYLES, END_CELL_STYLES, NAMED_STYLES, END_NAMED_STYLES = 617, 618, 626, 627


def record(kind: int, content: bytes = b"") -> bytes:
    """Return a record (MS-XLSB 2.1.4): its number and its length, seven bits a byte, then its content."""
    number = bytes([kind]) if kind < 0x80 else bytes([kind & 0x7F | 0x80, kind >> 7])
    return number + bytes([len(content)]) + content


def number_format(number: int, code: str) -> bytes:
    text = len(code).to_bytes(4, "little") + code.encode("utf-16-le")
    return record(FORMAT, number.to_bytes(2, "little") + text)


def style(number: int) -> bytes:
    return record(STYLE, bytes(2) + number.to_bytes(2, "little") + bytes(12))


def archive(styles: bytes, properties: int = 0) -> Archive:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as book:
        book.writestr("xl/workbook.bin", record(WORKBOOK, bytes([properties, 0, 0, 0, 0, 0, 0, 0])))
        book.writestr("xl/styles.bin", styles)
    return Archive(file, "a.xlsb")


def cells(*formats: int) -> bytes:
    return record(CELL_STYLES) + b"".join(map(style, formats)) + record(END_CELL_STYLES)


@pytest.mark.parametrize(
    "styles",
    [
        number_format(164, "000000") + cells(0, 164),
        number_format(176, '0.00"万元"') + cells(0, 176),
        cells(0, 9),  # a built-in one: 0%
    ],
)
def test_formats_that_say_more_than_the_number_are_refused(styles: bytes) -> None:
    with pytest.raises(FileRefused, match="格式读不出来") as refusal:
        refuse_binary_formats(archive(styles))
    assert ".xlsx" in refusal.value.remedy


def test_a_workbook_that_counts_days_from_1904_is_refused() -> None:
    with pytest.raises(FileRefused):
        refuse_binary_formats(archive(cells(0), properties=1))


def test_dates_plain_numbers_and_formats_that_no_cell_has_are_no_matter() -> None:
    named = record(NAMED_STYLES) + style(9) + record(END_NAMED_STYLES)
    dates = number_format(164, "yyyy-mm-dd") + number_format(165, "000000")
    refuse_binary_formats(archive(dates + named + cells(0, 1, 14, 164)))
