"""Files as departments save them, from bytes to values: sheets, titles, merged headers, GB18030, numbers as written."""

import csv
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
import xlwt

from catalogue.errors import FileRefused
from catalogue.load import load_catalogue
from connectors.files.source import FileSource
from connectors.files.tables import open_tables
from producers.submissions.config import IntakeConfig
from producers.submissions.options import Options
from producers.submissions.session import Session
from producers.tables.headers import HeadedTable, TableRecogniser
from producers.tables.rows import compile_row

CATALOGUE = load_catalogue()
recognise = TableRecogniser(CATALOGUE).recognise
CODE, OTHER = "91110000600037341L", "91350100M000100Y43"
ARREARS = [
    "主体名称",
    "统一社会信用代码",
    "欠税所属期起",
    "欠税所属期止",
    "欠税金额",
    "欠税税种",
    "是否补缴",
    "认定时间",
    "备注",
]


def values_of(path: Path) -> list[Mapping[str, Any]]:
    """Return the values of all rows of all tables of a file, which must be without problems."""
    found: list[Mapping[str, Any]] = []
    for table in open_tables(path):
        headed = HeadedTable.of(table)
        seen = recognise(headed.head, [str(table.sheet), path.stem])
        read = compile_row(seen.item, seen.columns, seen.extra)
        for number, cells in headed.below(seen.header_row):
            row = read(number, cells)
            if row is not None:
                assert row.problems == [], row.problems
                found.append(row.values)
    return found


def receipts(path: Path, **options: Any) -> list[dict[str, Any]]:
    with closing(Session(IntakeConfig(path.parent, "630100"), Options(**options))) as session:
        return [receipt.to_json() for receipt in session.push(FileSource(path))]


def counted(receipt: Mapping[str, Any]) -> tuple[str | None, int, int, int]:
    return receipt["sheet"], receipt["rows"], receipt["accepted"], receipt["rejected"]


def test_several_sheets_are_several_submissions_and_notes_are_none(tmp_path: Path) -> None:
    path = tmp_path / "企业欠税公告信息.xlsx"
    good = ["甲公司", CODE, "2025-01-01", "2025-01-31", 100, "增值税", "否", "2025-02-20", None]
    bad = ["乙公司", OTHER[:-1] + "1", "2025-01-01", "2025-01-31", 100, "增值税", "否", "2025-02-20", None]
    with xlsxwriter.Workbook(str(path)) as book:
        book.add_worksheet("填表说明").write(0, 0, "每月十日前报送")
        for name, rows in (("一月", [good]), ("二月", [bad, [*good[:2], "2025-02-01", "2025-02-28", *good[4:]]])):
            sheet = book.add_worksheet(name)
            for number, row in enumerate([ARREARS, *rows]):
                sheet.write_row(number, 0, row)
        hidden = book.add_worksheet("字典")
        hidden.write(0, 0, "增值税")
        hidden.hide()
    first, second = receipts(path, data_date="2025-03-31")
    assert [counted(first), counted(second)] == [("一月", 1, 1, 0), ("二月", 2, 1, 1)]
    assert first["submission_id"] != second["submission_id"]
    (reason,) = second["reasons"]
    assert (reason["column"], reason["first_rows"]) == ("统一社会信用代码", [2])


def test_a_title_and_a_merged_header_stand_above_the_rows(tmp_path: Path) -> None:
    path = tmp_path / "表.xls"
    book = xlwt.Workbook()
    sheet = book.add_sheet("Sheet1")
    sheet.write_merge(0, 0, 0, 8, "企业欠税公告信息（2025年第一季度）")
    sheet.write(1, 0, "填报单位：某局  单位：万元")
    sheet.write_merge(3, 3, 0, 1, "主体信息")
    sheet.write_merge(3, 3, 2, 3, "欠税所属期")
    sheet.write_merge(3, 4, 4, 4, "欠税金额（万元）")
    for column, title in enumerate(["名称", "统一社会信用代码", "起", "止"]):
        sheet.write(4, column, {"名称": "主体名称"}.get(title, title))
    for column, title in enumerate(ARREARS[5:], start=5):
        sheet.write_merge(3, 4, column, column, title)
    for column, cell in enumerate(["甲公司", CODE, 45658, 45688, 1.25, "增值税", "有", "2025年2月20日", "/"]):
        sheet.write(5, column, cell)
    book.save(str(path))
    (row,) = values_of(path)
    assert (row["uscc"], row["period_start"], row["period_end"]) == (CODE, date(2025, 1, 1), date(2025, 1, 31))
    assert (row["arrears_amount"], row["is_repaid"]) == (Decimal(12500), True)


@pytest.mark.parametrize("encoding", ["gb18030", "gbk", "utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("suffix", [".csv", ".tsv"])
def test_text_in_any_encoding_gives_the_same_values(tmp_path: Path, encoding: str, suffix: str) -> None:
    # 㛃 and 𬭚 are in GB18030 alone; GBK ends before them.
    name = "样例喆昇公司" if encoding == "gbk" else "样例㛃𬭚公司"
    row = [name, CODE, "2025-01-01", "2025-01-31", "1,234.50", "增值税", "否", "20250220", "含“逗号”, 制表\t和\n换行"]
    path = tmp_path / f"企业欠税公告信息{suffix}"
    with path.open("w", encoding=encoding, newline="") as stream:
        csv.writer(stream, delimiter="\t" if suffix == ".tsv" else ",").writerows([ARREARS, row])
    (found,) = values_of(path)
    assert (found["subject_name"], found["arrears_amount"]) == (name, Decimal("1234.5"))
    assert "换行" in found["remark"]


WRITTEN: Sequence[tuple[str, Sequence[Any], Any]] = [
    (
        "欠税所属期止",
        ["2025-01-02", "2025/1/2", "20250102", "2025年1月2日", "２０２５．１．２", 45659],
        date(2025, 1, 2),
    ),
    ("欠税所属期止", ["2025年1月", "2025-01", "202501"], date(2025, 1, 31)),
    (
        "欠税金额",
        ["1,234.50", "１２３４．５０", "1234.5元", "￥1,234.50", "0.12345万元", "0.12345(万元)", 1234.5],
        1234.5,
    ),
    ("是否补缴", ["是", "有", "Y", "y", "1", "√"], True),
    ("是否补缴", ["否", "无", "N", "0", "×"], False),
    ("备注", ["空", "无", "/", "-", "NULL", "null", "　", "——"], None),
    (
        "统一社会信用代码",
        [CODE, CODE.lower(), f" {CODE} ", "９１１１００００６０００３７３４１Ｌ", f"{CODE[:9]} {CODE[9:]}"],
        CODE,
    ),
]


@pytest.mark.parametrize(("title", "cells", "value"), WRITTEN)
def test_a_value_is_the_same_however_a_department_writes_it(
    tmp_path: Path, title: str, cells: Sequence[Any], value: Any
) -> None:
    place, plain = (
        ARREARS.index(title),
        ["甲公司", CODE, "2025-01-01", "2025-01-31", 1, "增值税", "是", "2025-02-20", "样例"],
    )
    path = tmp_path / "企业欠税公告信息.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("企业欠税公告信息")
        sheet.write_row(0, 0, ARREARS)
        for number, cell in enumerate(cells, start=1):
            sheet.write_row(number, 0, [*plain[:place], cell, *plain[place + 1 :]])
    (field,) = (f for f in CATALOGUE.item("17").fields if f.zh == title)
    assert [row[field.name] for row in values_of(path)] == [value] * len(cells)


def test_columns_may_stand_in_any_order_with_blanks_width_and_brackets(tmp_path: Path) -> None:
    titles = [
        "备 注",
        "欠税金额 【元】",
        " 信用代码",
        "是否补缴 ",
        "欠税所属期止",
        "欠税 税种",
        "企业名称",
        "序号",
        "欠税所属期起",
    ]
    path = tmp_path / "企业欠税公告信息.csv"
    with path.open("w", encoding="gb18030", newline="") as stream:
        csv.writer(stream).writerows(
            [titles, ["", "5", CODE, "否", "2025-01-31", "增值税", "甲公司", "1", "2025-01-01"]]
        )
    (row,) = values_of(path)
    assert (row["uscc"], row["subject_name"], row["arrears_amount"], row["tax_type"]) == (CODE, "甲公司", 5, "增值税")


def test_a_missing_required_column_refuses_the_file_and_names_it(tmp_path: Path) -> None:
    path = tmp_path / "企业经营异常名录.csv"
    path.write_text(f"企业名称,统一社会信用代码,列入机关\n甲公司,{CODE},样例局\n", encoding="utf-8")
    with pytest.raises(FileRefused, match="列入日期"):
        receipts(path)


def test_a_column_that_the_item_does_not_have_is_named_in_the_receipt(tmp_path: Path) -> None:
    path = tmp_path / "欠税20250430.csv"
    lines = [
        [*ARREARS, "税管员"],
        ["样例公司", CODE, "2025-01-01", "2025-03-31", "1.25", "增值税", "否", "2025-04-01", "", "甲"],
    ]
    path.write_text("\n".join(",".join(line) for line in lines), "utf-8")
    (receipt,) = receipts(path)
    assert (receipt["accepted"], receipt["unknown_columns"]) == (1, ["税管员"])


def test_a_file_that_is_written_while_it_is_sent_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "欠税20250430.csv"
    rows = [
        ["样例公司", CODE, "2025-01-01", "2025-03-31", str(n), "增值税", "否", "2025-04-01", ""] for n in range(6000)
    ]
    path.write_text("\n".join(",".join(line) for line in [ARREARS, *rows]), "utf-8")
    with closing(Session(IntakeConfig(tmp_path, "630100"), Options())) as session:
        pushed = session.push(FileSource(path), on_rows=lambda count: [path.write_text("另一份", "utf-8")].clear())
        with pytest.raises(FileRefused, match="在报送过程中被改动"):
            list(pushed)
