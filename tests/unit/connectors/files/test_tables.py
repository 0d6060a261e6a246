"""Files as departments save them: kinds, encodings, delimiters, row numbers."""

import codecs
import tracemalloc
import zipfile
from datetime import date, datetime
from pathlib import Path

import pytest
import xlsxwriter
import xlwt

from catalogue.errors import FileRefused
from connectors.files.tables import open_tables

_TEXT = "企业名称,注册资本\n甲公司,100\n\n乙公司,\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_text_is_read_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(_TEXT.encode(encoding))
    (table,) = open_tables(path)
    assert list(table.rows()) == [
        (1, ["企业名称", "注册资本"]),
        (2, ["甲公司", "100"]),
        (3, []),
        (4, ["乙公司", None]),
    ]


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_the_delimiter_is_found_below_a_title(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "a.csv"
    rows = [["某区，2025年表"], ["甲", "乙", "丙"], ["1,5", "x;y", "z"], ["1", "2", "3"]]
    path.write_text("\n".join(delimiter.join(f'"{c}"' for c in r) for r in rows), encoding="utf-8")
    (table,) = open_tables(path)
    assert [cells for _, cells in table.rows()] == rows


def test_a_workbook_gives_its_visible_sheets_with_the_clerks_row_numbers(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet("甲")
    sheet.write(2, 0, "企业名称")
    sheet.write(3, 0, 12.5)
    sheet.write_datetime(3, 1, datetime(2025, 1, 2), book.add_format({"num_format": "yyyy-mm-dd"}))  # noqa: DTZ001
    book.add_worksheet("空表")
    hidden = book.add_worksheet("列表")
    hidden.write(0, 0, "x")
    hidden.hide()
    book.close()
    (table,) = open_tables(path)
    assert table.sheet == "甲"
    rows = dict(table.rows())
    assert rows[3][0] == "企业名称"
    assert rows[4] == [12.5, date(2025, 1, 2)]


def test_an_old_workbook_is_read_whatever_its_extension(tmp_path: Path) -> None:
    book = xlwt.Workbook()
    book.add_sheet("甲").write(0, 0, "企业名称")
    path = tmp_path / "a.csv"
    book.save(str(path))
    (table,) = open_tables(path)
    assert list(table.rows()) == [(1, ["企业名称"])]


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("a.csv", b"", "空"),
        ("a.csv", b"\xff\xff\xff,a\n", "编码"),
        ("a.xls", b"<html><table></table></html>", "网页"),
        ("a.xls", b"MIME-Version: 1.0\r\nContent-Type: multipart/related\r\n\r\n--x", "MHTML"),
        ("a.pdf", b"%PDF-1.7 abc", "不支持"),
        ("a.xlsx", b"PK\x03\x04 broken", "打不开"),
        ("a.csv", codecs.BOM_UTF8 + b"a\x00b", "不是文本"),
    ],
)
def test_what_is_no_table_is_refused_with_a_remedy(tmp_path: Path, name: str, content: bytes, word: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(FileRefused, match=word) as refused:
        list(open_tables(path))
    assert refused.value.remedy


def test_a_long_text_streams(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("甲,乙\n" + "某某公司,1234567890\n" * 200_000, encoding="gbk")
    tracemalloc.start()
    try:
        (table,) = open_tables(path)
        assert sum(1 for _ in table.rows()) == 200_001
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "lines",
    [
        '甲公司,"未了\n乙公司,1\n丙公司,2\n',
        '甲公司,"未了\n乙公司,"1"\n',
        '"中国"电信,1\n乙公司,2\n',
    ],
)
def test_a_quote_that_is_not_closed_swallows_no_rows(tmp_path: Path, lines: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text("企业名称,备注\n" + lines, "utf-8")
    (table,) = open_tables(path)
    with pytest.raises(FileRefused, match="引号不成对") as caught:
        list(table.rows())
    assert "第2行" in caught.value.message


def test_quotes_inside_of_a_cell_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('企业名称,备注\n甲"公司,"他说""好"""\n="0012","=""0013"""\n=,=""\n', "utf-8")
    (table,) = open_tables(path)
    assert [cells for _, cells in table.rows()][1:] == [['甲"公司', '他说"好"'], ["0012", "0013"], ["=", None]]


def test_a_text_that_breaks_off_inside_of_a_character_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(_TEXT.encode("utf-16")[:-1])
    with pytest.raises(FileRefused, match="不完整"):
        list(open_tables(path))


def test_cells_merged_downwards_hold_for_each_of_their_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet("甲")
    sheet.merge_range("B1:C1", "某区企业表")
    for row, cells in enumerate((("企业名称", "金额"), ("", 1), ("", 2), ("乙公司", 3)), start=1):
        sheet.write_row(row, 1, cells)
    sheet.merge_range("B3:B4", "甲公司")
    book.close()
    (table,) = open_tables(path)
    assert [cells for _, cells in table.rows()] == [
        ["某区企业表", None],
        ["企业名称", "金额"],
        ["甲公司", 1],
        ["甲公司", 2],
        ["乙公司", 3],
    ]


def test_a_cell_without_a_value_is_not_taken_for_a_blank_one(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    book = xlsxwriter.Workbook(str(path))
    book.add_worksheet("另一")
    sheet = book.add_worksheet("甲")
    sheet.write_row(0, 0, ["企业名称", "代码", "金额", "备注"])
    sheet.write_row(1, 0, ["甲公司"])
    sheet.write_formula(1, 1, "=VLOOKUP(A2,B:B,1,0)", None, "#N/A")
    sheet.write_formula(1, 2, "=1/0", None, "#DIV/0!")
    # A formula may have an empty text for its result.
    sheet.write_formula(1, 3, '=IF(A2="",1,"")', None, "")
    sheet.write_row(2, 0, ["乙公司"])
    sheet.write_formula(2, 2, "=A1", None, "REMOVED")
    book.close()
    _without_results(path)
    (table,) = open_tables(path)
    rows = [cells for _, cells in table.rows()]
    assert rows[1] == ["甲公司", "#N/A", "#DIV/0!", None]
    assert rows[2] == ["乙公司", None, "#VALUE!", None]


def _without_results(path: Path) -> None:
    """Leave out what one formula came to, as programs do that write formulas and calculate none."""
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    with zipfile.ZipFile(path, "w") as book:
        for name, part in parts.items():
            book.writestr(name, part.replace(b' t="str"><f>A1</f><v>REMOVED</v>', b"><f>A1</f>"))
