"""Details in a second sheet: joined by 户号 and USCC whatever their order; a stray one is rejected, not lost."""

from collections.abc import Sequence
from contextlib import closing
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from catalogue.load import load_catalogue
from connectors.files.source import FileSource
from connectors.files.tables import open_tables
from producers.submissions.config import IntakeConfig
from producers.submissions.options import Options
from producers.submissions.session import Session
from producers.tables.detail_sheets import DetailSheets, StrayDetail, find_details, layout_of
from producers.tables.headers import HeadedTable, RecognisedTable, TableRecogniser
from producers.tables.rows import compile_row

CATALOGUE = load_catalogue()
recognise = TableRecogniser(CATALOGUE).recognise
ONE, TWO = "91110000600037341L", "91350100M000100Y43"
MAIN: list[list[Any]] = [
    ["主体名称", "统一社会信用代码", "户名", "户号", "当前是否欠费"],
    ["甲公司", ONE, "甲", "0001", "否"],
    ["乙公司", TWO, "乙", "0002", "是"],
    ["乙公司", TWO, "乙", "0003", "否"],
]
DETAILS: list[list[Any]] = [
    ["企业用水缴费明细", None, None, None, None, None],
    ["户号", "信用代码", "费用月份", "用量（吨）", "应缴金额（万元）", "缴费日期"],
    ["0002", TWO, "2025-02", 31, 0.01, "2025/3/1"],
    ["0001", ONE, "2025年1月", 12.5, 0.00625, 45689],
    ["０００２", TWO.lower(), "202501", 30, "1,000元", None],
    ["0001", TWO, "2025-01", 1, 1, None],
]


def book(path: Path, **sheets: Sequence[Sequence[Any]]) -> Path:
    with xlsxwriter.Workbook(str(path)) as made:
        for name, rows in sheets.items():
            sheet = made.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return path


def names(tables: Sequence[HeadedTable]) -> list[str]:
    return [str(table.table.sheet) for table in tables]


def recognised(table: HeadedTable, path: Path) -> RecognisedTable:
    return recognise(table.head, [str(table.table.sheet), path.stem])


def joined(path: Path) -> tuple[DetailSheets, dict[str, list[tuple[int, Any]]]]:
    """Return the details found, and the ``payment_details`` of every row of each main sheet."""
    tables = [HeadedTable.of(table) for table in open_tables(path)]
    found = find_details(names(tables), tables, lambda table: recognised(table, path))
    rows: dict[str, list[tuple[int, Any]]] = {}
    for headed in tables:
        table = headed.table
        if table.sheet in found.names:
            continue
        main = recognised(headed, path)
        wide, below = found.joined(table, main, headed.below(main.header_row))
        read = compile_row(wide.item, wide.columns, wide.extra)
        for number, cells in below:
            row = read(number, cells)
            assert row is not None
            value = row.values.get("payment_details")
            rows.setdefault(str(table.sheet), []).append((number, cells.sheet if type(cells) is StrayDetail else value))
    return found, rows


def test_details_go_to_their_main_row_with_their_units(tmp_path: Path) -> None:
    found, rows = joined(book(tmp_path / "水费信息_2025-03.xlsx", 水费信息=MAIN, 缴费明细=DETAILS))
    assert found.names == {"缴费明细"}
    (_, first), (_, second), (_, third), stray = rows["水费信息"]
    assert [(d["month"], d["usage"], d["amount_due"], d["payment_date"]) for d in first] == [
        ("2025-01", Decimal("12.5"), Decimal("62.5"), date(2025, 2, 1))
    ]
    assert {(d["month"], d["usage"], d["amount_due"]) for d in second} == {
        ("2025-01", Decimal(30), Decimal(1000)), ("2025-02", Decimal(31), Decimal(100)),
    }  # fmt: skip
    assert third is None
    # The account of one and the code of the other: nobody guesses whose it is.
    assert stray == (6, "缴费明细")


def test_the_order_of_sheets_and_details_says_nothing(tmp_path: Path) -> None:
    turned = [*DETAILS[:2], *reversed(DETAILS[2:])]
    (tmp_path / "b").mkdir()
    one = joined(book(tmp_path / "水费信息_2025-03.xlsx", 水费信息=MAIN, 缴费明细=DETAILS))[1]
    two = joined(book(tmp_path / "b" / "水费信息_2025-03.xlsx", 缴费明细=turned, 水费信息=MAIN))[1]
    assert one["水费信息"][:3] == two["水费信息"][:3]


def test_details_serve_all_main_sheets_and_are_astray_once(tmp_path: Path) -> None:
    parts = {"东区": MAIN[:2], "西区": [MAIN[0], *MAIN[2:]]}
    _, rows = joined(book(tmp_path / "水费信息_2025-03.xlsx", 东区=parts["东区"], 缴费明细=DETAILS, 西区=parts["西区"]))
    assert [len(value or ()) for _, value in rows["东区"]] == [1]
    assert [len(value or ()) for _, value in rows["西区"][:2]] == [2, 0]
    assert rows["西区"][2:] == [(6, "缴费明细")]


def test_what_the_main_sheet_says_and_what_cannot_be_read_is_kept(tmp_path: Path) -> None:
    main = [[*MAIN[0], "缴纳水费明细"], [*MAIN[1], "含上年滞纳金"]]
    odd: list[list[Any]] = [["户号", "月份", "用水量"], ["0001", "2025-01", "十几吨"], ["0001", "2025-02", 3]]
    _, rows = joined(book(tmp_path / "水费信息_2025-03.xlsx", 水费信息=main, 明细=odd))
    ((_, found),) = rows["水费信息"]
    texts = [d["raw_text"] for d in found if d["raw_text"]]
    assert len(found) == 3
    assert any("十几吨" in text for text in texts)
    assert "含上年滞纳金" in texts
    assert [d["usage"] for d in found if d["month"]] == [Decimal(3)]


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("缴费明细", [["月份", "用水量"], ["2025-01", 3]]),
        ("补充", DETAILS),
        ("明细", [["户号", "备注"], ["0001", "无"]]),
    ],
)
def test_only_a_sheet_of_that_name_that_says_whose_it_is_holds_details(
    tmp_path: Path, name: str, rows: list[list[Any]]
) -> None:
    path = book(tmp_path / "水费信息_2025-03.xlsx", 水费信息=MAIN, **{name: rows})
    tables = [HeadedTable.of(table) for table in open_tables(path)]
    assert find_details(names(tables), tables, lambda table: recognised(table, path)).names == frozenset()


def test_a_table_of_its_own_called_details_is_no_detail_sheet() -> None:
    fund = CATALOGUE.item("30")
    assert layout_of(fund, [(1, [f.zh for f in fund.fields])]) is None


def test_a_push_counts_a_stray_detail_as_a_rejected_row(tmp_path: Path) -> None:
    path = book(tmp_path / "水费信息_2025-03.xlsx", 水费信息=MAIN, 缴费明细=DETAILS)
    with closing(Session(IntakeConfig(tmp_path, "630100"), Options(unit=CATALOGUE.item("64").units[0]))) as session:
        (receipt,) = session.push(FileSource(path))
    assert (receipt.counts.rows, receipt.counts.accepted, receipt.counts.rejected) == (4, 3, 1)
    (reason,) = receipt.reasons
    assert (reason.column, reason.first_rows) == ("缴费明细", (6,))
