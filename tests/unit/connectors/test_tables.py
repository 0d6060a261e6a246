"""Files as departments save them: kinds, encodings, delimiters, row numbers."""

import codecs
import tracemalloc
from datetime import date, datetime
from pathlib import Path

import pytest
import xlsxwriter
import xlwt

from catalogue.errors import FileRefused
from connectors.tables import open_tables

_TEXT = "企业名称,注册资本\n甲公司,100\n\n乙公司,\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_text_is_read_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(_TEXT.encode(encoding))
    (table,) = open_tables(path)
    assert list(table.rows) == [
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
    assert [cells for _, cells in table.rows] == rows


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
    rows = dict(table.rows)
    assert rows[3][0] == "企业名称"
    assert rows[4] == [12.5, date(2025, 1, 2)]


def test_an_old_workbook_is_read_whatever_its_extension(tmp_path: Path) -> None:
    book = xlwt.Workbook()
    book.add_sheet("甲").write(0, 0, "企业名称")
    path = tmp_path / "a.csv"
    book.save(str(path))
    (table,) = open_tables(path)
    assert list(table.rows) == [(1, ["企业名称"])]


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("a.csv", b"", "空"),
        ("a.csv", b"\xff\xff\xff,a\n", "编码"),
        ("a.xls", b"<html><table></table></html>", "网页"),
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
        assert sum(1 for _ in table.rows) == 200_001
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()
