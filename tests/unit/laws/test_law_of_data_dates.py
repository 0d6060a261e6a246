"""Files with data dates give the same winners in any order, on any day; and the same list again changes nothing."""

import functools
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogue.times import EPOCH
from connectors.tables import Cell
from processing.store import Store
from producers.submissions.declarations import SubmissionMode
from tests.unit.laws.dated_files import File, Intake, at
from tests.unit.laws.partition import START, Partition

CODE = "91350100M000100Y43"
LICENSE = (
    "行政相对人名称", "统一社会信用代码", "行政许可决定书号", "行政许可决定日期", "行政机关名称", "行政许可状态",
    "增删改标志",
)  # fmt: skip
SHAREHOLDERS = ("企业名称", "统一社会信用代码", "股东名称", "认缴出资时间")
CONTRIBUTIONS = ("企业名称", "统一社会信用代码", "股东(发起人)姓名", "认缴出资日期")
DAY = date(2026, 3, 1)


def license_(number: int, status: str, decided: int = 0, flag: str | None = None) -> list[Cell]:
    return ["样例企业", CODE, f"样例许〔2025〕{number}号", f"2025-01-0{decided + 1}", "样例局", status, flag]


_ROWS = st.lists(
    st.builds(
        license_, st.integers(1, 3), st.sampled_from(["有效", "注销"]), st.integers(0, 1), st.sampled_from([None, "删"])
    ),
    min_size=1,
    max_size=4,
)
_MODES = st.sampled_from([SubmissionMode.INCREMENTAL, SubmissionMode.INCREMENTAL, SubmissionMode.FULL])


@st.composite
def _files(draw: st.DrawFn) -> list[File]:
    """Files of different dates, some of them whole lists."""
    days = draw(st.lists(st.integers(0, 20), min_size=1, max_size=4, unique=True))
    return [File("52", LICENSE, draw(_ROWS), DAY + timedelta(days=n), draw(_MODES)) for n in days]


@settings(max_examples=60)
@given(files=_files(), random=st.randoms(use_true_random=False))
def test_dated_files_give_the_same_winners_in_any_order_on_any_day(files: list[File], random: Random) -> None:
    results = []
    for order in (files, sorted(files, key=lambda one: one.data_date or DAY), shuffled(files, random)):
        intake = Intake()
        for number, file in enumerate(order):
            intake.push(file, at(DAY + timedelta(days=30 + 3 * number)))
        results.append(intake.winners())
    assert results[1:] == results[:-1]


@settings(max_examples=30)
@given(
    sets=st.lists(st.sets(st.integers(0, 3), min_size=1), min_size=1, max_size=4),
    item=st.sampled_from(["2", "8"]),
    random=st.randoms(use_true_random=False),
)
def test_dated_sets_leave_the_members_of_the_latest_one(sets: list[set[int]], item: str, random: Random) -> None:
    titles = SHAREHOLDERS if item == "2" else CONTRIBUTIONS
    files = [
        File(
            item,
            titles,
            [["样例企业", CODE, f"样例股东{n}", "2025-01-02"] for n in sorted(members)],
            DAY + timedelta(days=number),
            SubmissionMode.SET,
            "2025" if item == "8" else None,
        )
        for number, members in enumerate(sets)
    ]
    intake = Intake()
    for number, file in enumerate(shuffled(files, random)):
        intake.push(file, at(DAY + timedelta(days=30 + number)))
    assert len(intake.live()) == len(sets[-1])
    latest = Intake()
    latest.push(files[-1], at(DAY))
    assert intake.live() == latest.live()


def shuffled(files: Sequence[File], random: Random) -> list[File]:
    order = list(files)
    random.shuffle(order)
    return order


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_four_hundred_licences_the_later_statement_wins_every_time(order: tuple[int, int]) -> None:
    numbers = range(400)
    valid = File("52", LICENSE, [license_(n, "有效") for n in numbers], DAY)
    cancelled = File("52", LICENSE, [license_(n, "注销") for n in numbers], DAY + timedelta(days=30))
    intake, alone = Intake(), Intake()
    for which in order:
        intake.push((valid, cancelled)[which], at(DAY + timedelta(days=60)))
    alone.push(cancelled, at(DAY))
    assert len(intake.winners()) == 400
    assert intake.winners() == alone.winners()


def test_without_dates_the_order_of_receipt_decides_and_a_repetition_says_nothing_new() -> None:
    valid, cancelled = (File("52", LICENSE, [license_(1, status)]) for status in ("有效", "注销"))
    intake = Intake()
    first, _, _ = intake.push(valid, at(DAY))
    intake.push(cancelled, at(DAY + timedelta(days=1)))
    wanted = intake.winners()
    assert intake.push(valid, at(DAY + timedelta(days=2)))[2] == []
    forced, _, (again,) = intake.push(File("52", LICENSE, valid.rows, force=True), at(DAY + timedelta(days=2)))
    assert again.envelope.as_of == forced.as_of == first.as_of
    assert intake.winners() == wanted


def test_a_correction_beats_what_came_and_not_what_comes() -> None:
    intake = Intake()
    intake.push(File("52", LICENSE, [license_(1, "有效")], DAY), at(DAY))
    mended = File("52", LICENSE, [license_(1, "撤销")], DAY, correct=True)
    intake.push(mended, at(DAY + timedelta(days=5)))
    corrected = intake.winners()
    # What is of an earlier date is as it was, however late it comes.
    intake.push(File("52", LICENSE, [license_(1, "注销")], DAY - timedelta(days=1)), at(DAY + timedelta(days=9)))
    assert intake.winners() == corrected
    intake.push(File("52", LICENSE, [license_(1, "注销")], DAY + timedelta(days=9)), at(DAY + timedelta(days=9)))
    assert intake.winners() != corrected


def test_a_row_added_later_beats_one_that_was_removed() -> None:
    intake = Intake()
    intake.push(File("52", LICENSE, [license_(1, "有效", flag="删")], DAY), at(DAY))
    intake.push(File("52", LICENSE, [license_(1, "有效", flag="增")], DAY + timedelta(days=1)), at(DAY))
    assert [op for op, _ in intake.winners().values()] == ["REPORT"]


def test_rows_that_are_equal_in_all_but_content_are_named() -> None:
    rows = [license_(1, "有效"), license_(2, "有效"), license_(3, "有效"), license_(2, "注销"), license_(2, "注销")]
    titles = LICENSE[:-1]
    _, counts, _ = Intake().push(File("52", titles, [row[:-1] for row in rows], DAY), at(DAY))
    assert (counts.conflicts, counts.duplicates, counts.conflict_rows) == (1, 1, [(3, 5)])


def test_a_rows_own_data_date_decides_within_a_file() -> None:
    titles = (*LICENSE[:-1], "数据日期")
    rows = [[*license_(1, status)[:-1], day] for status, day in (("注销", "2026-02-02"), ("有效", "2026-02-01"))]
    intake = Intake()
    _, counts, _ = intake.push(File("52", titles, rows), at(DAY))
    alone = Intake()
    alone.push(File("52", titles, rows[:1]), at(DAY))
    assert intake.winners() == alone.winners()
    assert counts.conflicts == 0
    assert counts.last_as_of > EPOCH


LISTS = {
    "2": (SHAREHOLDERS, [["样例企业", CODE, f"样例股东{n}", "2025-01-02"] for n in range(3)], SubmissionMode.SET),
    "3": (("企业名称", "统一社会信用代码"), [["样例企业", CODE]], SubmissionMode.FULL),
    "13": (
        ("统一社会信用代码", "分支机构名称", "企业名称"), [[CODE, "样例分公司", "样例企业"]],
        SubmissionMode.INCREMENTAL,
    ),
}  # fmt: skip


@pytest.fixture
def partition(tmp_path: Path) -> Partition:
    one = Partition(Store(tmp_path / "store"))
    one.work([], START)
    return one


@pytest.mark.parametrize("item", LISTS)
def test_the_same_list_a_day_later_makes_no_change(item: str, partition: Partition) -> None:
    titles, rows, mode = LISTS[item]
    intake, listed = Intake(), functools.partial(File, item, titles, rows, mode=mode)
    _, counts, events = intake.push(listed(data_date=DAY), at(DAY))
    assert (counts.accepted, counts.rejected) == (len(rows), 0)
    partition.work(events)
    changes, hashes = len(partition.changes), partition.hashes()
    assert changes
    _, counts, events = intake.push(listed(data_date=DAY + timedelta(days=1)), at(DAY))
    assert (counts.accepted, counts.withdrawn) == (len(rows), 0)
    partition.work(events)
    assert (len(partition.changes), partition.hashes()) == (changes, hashes)


def test_the_contributions_of_each_year_stay() -> None:
    titles = ("企业名称", "统一社会信用代码", "股东名称")
    intake = Intake()
    for year in (2023, 2024, 2025):
        rows: list[list[Cell]] = [["样例企业", CODE, f"样例股东{n}"] for n in range(year - 2021)]
        intake.push(File("8", titles, rows, mode=SubmissionMode.SET, period=str(year)), at(DAY + timedelta(days=year)))
    reported = [key for (_, _, key), (op, _) in intake.winners().items() if op == "REPORT"]
    assert len(reported) == 2 + 3 + 4
    assert {key[:4] for key in reported} == {"2023", "2024", "2025"}
