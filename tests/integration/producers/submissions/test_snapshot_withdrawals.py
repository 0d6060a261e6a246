"""Whole lists through the real bus and the merge: what they leave out goes, once, and comes back when it returns."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import xlsxwriter

from bus.avro.registry import Registry
from bus.topics import SUBMISSION
from catalogue.avro import topic
from catalogue.errors import FileRefused
from catalogue.load import load_catalogue
from connectors.files.source import FileSource
from producers.submissions.declarations import SubmissionMode
from producers.submissions.event_history import EventReader, is_derived
from producers.submissions.ledger import LedgerReader
from producers.submissions.messages import OutgoingMessage
from producers.submissions.progress import SubmissionCounts
from producers.submissions.push import push_table
from producers.submissions.receipts import SubmissionReceipt
from producers.submissions.sender import Sender
from producers.submissions.snapshot_withdrawals import LeftOut
from producers.submissions.submission import Submission
from producers.tables.headers import HeadedTable, TableRecogniser
from simulation.people import make_uscc
from tests.integration.producers.conftest import Node

MARKET, ITEM = topic("market"), "market.abnormal_list"
CODES = [make_uscc("630102", number) for number in range(40)]


def listed(*numbers: int, **more: str) -> list[dict[str, str]]:
    return [
        {
            "企业名称": f"样例企业{n}", "统一社会信用代码": CODES[n], "列入日期": "2025-01-02",
            "列入机关": "样例市场监督管理局", "列入异常名录原因": "样例", **more,
        }
        for n in numbers
    ]  # fmt: skip


def live(node: Node) -> set[int]:
    return {CODES.index(subject) for subject, counts in node.merge(MARKET).items() if counts.get(ITEM)}


def test_only_a_declared_list_withdraws_and_what_returns_is_live_again(node_with: Callable[..., Node]) -> None:
    node = node_with(MARKET)
    receipts = [
        node.push(node.file("名单_全量_1.csv", ITEM, listed(0, 1, 2)))[0],
        node.push(node.file("名单_2.csv", ITEM, listed(3)))[0],
        node.push(node.file("名单_全量_3.csv", ITEM, listed(0, 1)))[0],
    ]
    assert [(r["mode"], r["accepted"], r["withdrawn"]) for r in receipts] == [
        (SubmissionMode.FULL, 3, 0), (SubmissionMode.INCREMENTAL, 1, 0), (SubmissionMode.FULL, 2, 2),
    ]  # fmt: skip
    assert live(node) == {0, 1}
    # The same day's list again, with one that had gone; then the list without it, and it returns once more.
    assert node.push(node.file("名单_4.csv", ITEM, listed(2)))[0]["withdrawn"] == 0
    assert live(node) == {0, 1, 2}
    assert node.push(node.file("名单_全量_5.csv", ITEM, listed(0, 1, 4)))[0]["withdrawn"] == 1
    assert live(node) == {0, 1, 4}
    assert node.push(node.file("名单_全量_6.csv", ITEM, listed(0, 1, 2, 4)))[0]["withdrawn"] == 0
    assert live(node) == {0, 1, 2, 4}
    assert node.push(node.file("名单_全量_6.csv", ITEM, listed(0, 1, 2, 4)))[0]["recognised"]


def test_another_unit_or_region_is_left_alone(node_with: Callable[..., Node]) -> None:
    node = node_with(MARKET)
    node.push(node.file("甲.csv", ITEM, listed(0)), region="630121")
    node.push(node.file("乙.csv", ITEM, listed(1)), unit="tax")
    node.push(node.file("丙.csv", ITEM, listed(2)))
    assert node.push(node.file("丁.csv", ITEM, listed(3)), full=True)[0]["withdrawn"] == 1
    assert live(node) == {0, 1, 3}


def test_half_a_list_is_refused_and_goes_on_once_it_is_confirmed(node_with: Callable[..., Node]) -> None:
    node = node_with(MARKET)
    node.push(node.file("名单.csv", ITEM, listed(*range(30))))
    half = node.file("名单_全量.csv", ITEM, listed(*range(10)))
    for _ in range(2):
        with pytest.raises(FileRefused, match=r"原有30条.*没有的有20条.*没有报送任何一行"):
            node.push(half)
    # Refused whole: not one of its rows was sent.
    assert len(node.values(MARKET)) == 30
    assert len(node.values(SUBMISSION)) == 1
    assert live(node) == set(range(30))
    receipt = node.push(half, accept_withdrawals=True)[0]
    assert (receipt["state"], receipt["accepted"], receipt["withdrawn"]) == ("COMPLETED", 10, 20)
    assert live(node) == set(range(10))


def test_rows_that_cannot_be_read_are_not_taken_for_absent(node_with: Callable[..., Node]) -> None:
    node = node_with(MARKET)
    node.push(node.file("名单.csv", ITEM, listed(0, 1, 2)))
    bad_date = listed(1, 列入日期="2025-02-30")
    assert node.push(node.file("名单_全量.csv", ITEM, listed(0) + bad_date))[0]["withdrawn"] == 1
    assert live(node) == {0, 1}
    no_code = [{**listed(1)[0], "统一社会信用代码": CODES[1][:-1] + "?"}]
    with pytest.raises(FileRefused, match=r"有1行读不出主体.*已经报送"):
        node.push(node.file("名单_全量2.csv", ITEM, listed(0) + no_code))


def workbook(path: Path, sheets: Mapping[str, Iterable[int]]) -> Path:
    """Write a workbook of these sheets with these enterprises."""
    with xlsxwriter.Workbook(str(path)) as book:
        for name, numbers in sheets.items():
            rows = listed(*numbers)
            sheet = book.add_worksheet(name)
            for line, cells in enumerate([list(listed(0)[0]), *(list(row.values()) for row in rows)]):
                sheet.write_row(line, 0, cells)
    return path


def test_half_a_workbook_is_refused_before_its_first_sheet_is_sent(node_with: Callable[..., Node]) -> None:
    node = node_with(MARKET)
    node.push(node.file("名单.csv", ITEM, listed(*range(30))))
    with pytest.raises(FileRefused, match=r"没有的有26条.*没有报送任何一行"):
        node.push(workbook(node.folder / "名单_全量.xlsx", {"第一批": (0, 1), "第二批": (2, 3)}))
    assert len(node.values(MARKET)) == 30
    whole = workbook(node.folder / "全量名单.xlsx", {"第一批": range(15), "第二批": range(15, 31)})
    assert [(r["accepted"], r["withdrawn"]) for r in node.push(whole)] == [(15, 0), (16, 0)]


def test_the_sheets_of_a_workbook_are_one_list(node_with: Callable[..., Node]) -> None:
    node = node_with(MARKET)
    node.push(node.file("名单.csv", ITEM, listed(0, 1, 2)))
    path = workbook(node.folder / "名单_全量.xlsx", {"第一批": (0,), "第二批": (1, 3)})
    assert [r["withdrawn"] for r in node.push(path)] == [0, 1]
    assert live(node) == {0, 1, 3}


def test_a_sheet_without_rows_keeps_nothing_from_being_withdrawn(node_with: Callable[..., Node]) -> None:
    node = node_with(MARKET)
    node.push(node.file("名单.csv", ITEM, listed(0, 1, 2)))
    path = workbook(node.folder / "名单_全量.xlsx", {"一季度": (0, 1), "二季度": ()})
    assert [r["withdrawn"] for r in node.push(path)] == [1]
    assert live(node) == {0, 1}


def used(months: Mapping[str, Iterable[int]]) -> dict[str, list[list[str]]]:
    """Return a sheet a month, with a meter's row for each number."""
    titles = ["主体名称", "统一社会信用代码", "户号"]
    return {
        month: [titles, *([f"样例企业{n}", CODES[n], f"H{n}"] for n in numbers)] for month, numbers in months.items()
    }


def test_a_list_of_several_months_withdraws_in_each_of_them(node_with: Callable[..., Node]) -> None:
    node = node_with(topic("utilities"))
    for name, months in (
        ("用水_全量_1.xlsx", {"2025年1月": (0, 1, 2), "2025年2月": (0, 1, 2)}),
        ("用水_全量_2.xlsx", {"2025年1月": (0, 2), "2025年2月": (0, 1, 2)}),
    ):
        with xlsxwriter.Workbook(str(node.folder / name)) as book:
            for month, rows in used(months).items():
                sheet = book.add_worksheet(month)
                for line, cells in enumerate(rows):
                    sheet.write_row(line, 0, cells)
        receipts = node.push(node.folder / name, item="utilities.water", unit="water_group")
    assert [(r["period"], r["withdrawn"]) for r in receipts] == [("2025-01", 0), ("2025-02", 1)]
    assert {e["subject"] for e in node.values(topic("utilities")) if e["op"] == "WITHDRAW"} == {CODES[1]}


class Killed(Sender):
    """A sender that dies when it is about to withdraw its third record."""

    def withdraw(self, gone: LeftOut, counts: SubmissionCounts) -> OutgoingMessage:
        if counts.withdrawn == 2:
            raise KeyboardInterrupt
        return super().withdraw(gone, counts)


def run(node: Node, path: Path, kind: type[Sender]) -> SubmissionReceipt:
    item = load_catalogue().item(ITEM)
    source = FileSource(path)
    table = HeadedTable.of(next(source.tables()))
    recognised = TableRecogniser(load_catalogue()).recognise(table.head, [], item)
    rows = table.below(recognised.header_row)
    sub = Submission(
        item.id,
        "market_regulation",
        "630100",
        SubmissionMode.FULL,
        None,
        None,
        False,
        source.name,
        source.sha256,
        None,
        channel=source.channel,
        as_of=datetime.now(UTC),  # a run that goes on takes that of the one before
    )
    with closing(Registry(node.config)) as registry, closing(LedgerReader(node.config, registry)) as ledger:
        sender = kind(registry, node.cipher, sub, item, recognised)
        events = EventReader(node.config, registry, item)
        return push_table(node.config, sender, sub, rows, ledger, events, chunk_rows=1)


def test_a_killed_list_withdraws_the_rest_and_nothing_twice(node_with: Callable[..., Node]) -> None:
    node = node_with(MARKET)
    node.push(node.file("名单.csv", ITEM, listed(*range(7))))
    path = node.file("名单_全量.csv", ITEM, listed(0, 1))
    with pytest.raises(KeyboardInterrupt):
        run(node, path, Killed)
    receipt = run(node, path, Sender)
    assert (receipt.counts.accepted, receipt.counts.withdrawn) == (2, 5)
    ids = [v["event_id"] for v in node.values(MARKET)]
    assert len(set(ids)) == len(ids) == 7 + 2 + 5
    assert sum(map(is_derived, ids)) == 5
    assert run(node, path, Sender).recognised
    assert live(node) == {0, 1}
