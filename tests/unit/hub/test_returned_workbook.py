"""Rows that come back in their own columns, are mended, and are taken."""

import io
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import fastavro
import pytest

from bus.avro.registry import OfflineRegistry
from bus.avro.wire_format import HEAD_SIZE
from bus.config import BusConfig
from bus.crypto.cipher import Cipher
from bus.crypto.keys import KeyRing
from bus.topics import REJECTED, UNRESOLVED
from catalogue import wire
from catalogue.envelope import Channel
from catalogue.load import load_catalogue
from connectors.files.source import FileSource
from connectors.files.tables import open_tables
from connectors.tables import Cell
from hub.returned_workbook import write_returned
from producers.submissions.config import IntakeConfig
from producers.submissions.declarations import DeclaredIn, Hint, SubmissionMode
from producers.submissions.metadata import declared_period
from producers.submissions.options import Options
from producers.submissions.progress import SubmissionCounts, SubmissionProgress, SubmissionState
from producers.submissions.receipts import SubmissionReceipt
from producers.submissions.returned_rows import ReturnedReason, ReturnedRow, opened
from producers.submissions.sealed_rows import SealedCell, SealedRow
from producers.submissions.sender import Sender
from producers.submissions.session import Session
from producers.submissions.submission import Submission
from producers.submissions.walk import surveyed
from producers.tables.headers import HeadedTable, TableRecogniser

CATALOGUE = load_catalogue()
PENALTY = CATALOGUE.item("53")
CIPHER = Cipher(KeyRing(b"k" * 32, {1: b"e" * 32}))
CODE = "91110000600037341L"
HEAD = "行政相对人名称,统一社会信用代码,经办人,处罚决定日期,行政处罚决定书文号,处罚机关,罚款金额,备注"
ROWS = (
    f"甲公司,{CODE},王某,2025-02-30,00123,某局,5,",
    "丙公司,,李某,2025-01-02,某罚3号,某局,1.5,说明",
)
SUBMISSION = Submission(
    PENALTY.id, "functional_departments", "630100", SubmissionMode.FULL, None, date(2025, 3, 31), False,
    "处罚_全量.csv", "00", None, channel=Channel.FILE, as_of=datetime(2025, 3, 31, tzinfo=UTC),
)  # fmt: skip


def returned(folder: Path, *, title: str, rows: Sequence[str] = ROWS) -> list[ReturnedRow]:
    """Return the rows of a file that are not taken, as they would be read from their topics."""
    path = folder / "处罚.csv"
    path.write_text("\n".join([title, HEAD, *rows]), "utf-8")
    table = HeadedTable.of(next(open_tables(path)))
    recognised = surveyed(table, TableRecogniser(CATALOGUE).recognise(table.head, [], PENALTY))
    sender = Sender(OfflineRegistry(BusConfig("", "")), CIPHER, SUBMISSION, PENALTY, recognised)
    schemas: dict[str, Any] = {REJECTED: wire.REJECTED, UNRESOLVED: wire.UNRESOLVED}
    given: list[ReturnedRow] = []
    for number, cells in table.below(recognised.header_row):
        _, message = sender.take(number, cells, SubmissionCounts())
        assert message is not None
        value: Any = fastavro.schemaless_reader(
            io.BytesIO(message.value[HEAD_SIZE:]), fastavro.parse_schema(schemas[message.topic]), None
        )
        given.append(opened(CIPHER, value))
    return given


def pushed(path: Path, home: Path) -> SubmissionReceipt:
    with closing(Session(IntakeConfig(home, "630100"), Options(unit="职能部门"))) as session:
        (receipt,) = session.push(FileSource(path))
        return receipt


def written(folder: Path, rows: Sequence[ReturnedRow]) -> Path:
    progress = SubmissionProgress.of(SUBMISSION, SubmissionCounts(), SubmissionState.COMPLETED)
    write_returned(folder / "待改.xlsx", PENALTY, progress, rows)
    return folder / "待改.xlsx"


def lines_of(path: Path) -> list[list[Cell]]:
    (table,) = open_tables(path)
    return [cells for _, cells in table.rows()]


def mended(row: ReturnedRow, title: str, text: str) -> ReturnedRow:
    cells = tuple(replace(cell, text=text) if cell.title == title else cell for cell in row.cells.cells)
    return replace(row, cells=SealedRow(cells))


def test_the_reasons_stand_beside_the_clerks_own_cells(tmp_path: Path) -> None:
    rows = returned(tmp_path, title="行政处罚（单位：万元）")
    assert [(row.row_no, row.waits) for row in rows] == [(3, False), (4, True)]
    _, header, first, second = lines_of(written(tmp_path, rows))
    assert header == [*HEAD.replace("罚款金额", "罚款金额(万元)").split(","), "退回原因", "修改办法", "原文件行号"]
    # Digits stay as they were typed, and so does a column that is not taken.
    assert first[:8] == ["甲公司", CODE, "王某", "2025-02-30", "00123", "某局", "5", None]
    assert str(first[8]).startswith("处罚决定日期：")
    assert (first[10], second[10]) == (3, 4)
    assert "统一社会信用代码" in str(second[8])


def test_what_was_mended_is_taken_and_withdraws_nothing(tmp_path: Path) -> None:
    first, second = returned(tmp_path, title="行政处罚（单位：万元）")
    # As it is, it is refused again for the same reasons, which are no columns.
    again = pushed(written(tmp_path, [first, second]), tmp_path)
    assert (again.counts.rejected, again.counts.unresolved, again.counts.accepted) == (1, 1, 0)
    assert [column.title for column in again.unread] == ["经办人"]
    rows = [
        mended(first, "处罚决定日期", "2025-02-28"),
        mended(second, "统一社会信用代码", "91350100M000100Y43"),
    ]
    receipt = pushed(written(tmp_path, rows), tmp_path)
    assert (receipt.counts.accepted, receipt.counts.rejected, receipt.counts.unresolved) == (2, 0, 0)
    assert receipt.counts.totals["fine_amount"] == 65_000
    submission = receipt.submission
    assert (submission.mode, submission.data_date) == (SubmissionMode.INCREMENTAL, date(2025, 3, 31))


def test_columns_of_one_title_and_long_cells_are_kept_apart_and_cut(tmp_path: Path) -> None:
    cells = (SealedCell("备用", "甲"), SealedCell("备用", "乙"), SealedCell("备注", "长" * 40_000, "remarks"))
    row = ReturnedRow(7, SealedRow(cells), (ReturnedReason("", "太长", ""),), waits=False)
    _, header, line = lines_of(written(tmp_path, [row]))
    assert (header[:2], line[:2]) == (["备用", "备用"], ["甲", "乙"])
    assert len(str(line[2])) == 32_767
    assert "从原文件补全" in str(line[3])


@pytest.mark.parametrize(
    ("title", "unit"),
    [
        ("ZCZB", "万元"),
        ("ZCZB", "元"),
        ("注册资本", "亿元"),
        ("注册资本(万元)", "元"),
        ("注册资本(万元)", "?"),
        ("ZCZB", ""),
    ],
)
def test_a_mapped_column_gets_a_title_that_is_read_in_its_unit(tmp_path: Path, title: str, unit: str) -> None:
    item = CATALOGUE.item("1")
    status = item.field("registration_status")
    (code, *_) = status.codes or {}
    cells = (
        SealedCell("QYMC", "样例甲有限公司", "subject_name"),
        SealedCell("ZT", "开业", "registration_status", code_words={"开业": code}),
        SealedCell(title, "5", "registered_capital", unit),
        SealedCell("统一社会信用代码", CODE, "uscc"),
    )
    row = ReturnedRow(7, SealedRow(cells), (ReturnedReason("", "某原因", ""),), waits=False)
    progress = SubmissionProgress.of(SUBMISSION, SubmissionCounts(), SubmissionState.COMPLETED)
    write_returned(tmp_path / "待改.xlsx", item, progress, [row])
    _, header, line = lines_of(tmp_path / "待改.xlsx")
    assert (header[0], header[1], header[3]) == (item.field("subject_name").zh, status.zh, "统一社会信用代码")
    assert line[:4] == ["样例甲有限公司", code, "5", CODE]
    recognised = TableRecogniser(CATALOGUE).recognise([(2, header)], [], item)
    read = {column.field.name: column.unit for column in recognised.columns.values()}
    # Never another unit than the one that was read: where none was, it is asked again.
    assert read["registered_capital"] == unit.strip("?")


@pytest.mark.parametrize("period", ["2025", "2025-03", "2025-Q1"])
def test_the_period_is_said_again(tmp_path: Path, period: str) -> None:
    item = CATALOGUE.item("26")
    submission = replace(SUBMISSION, item=item.id, period=period)
    progress = SubmissionProgress.of(submission, SubmissionCounts(), SubmissionState.COMPLETED)
    path = tmp_path / "待改.xlsx"
    write_returned(path, item, progress, [])
    heading = str(lines_of(path)[0][0])
    assert declared_period(None, [Hint(heading, DeclaredIn.TITLE)], item).value == period
