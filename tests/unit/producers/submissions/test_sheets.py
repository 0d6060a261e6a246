"""Each sheet of a workbook is taken for itself; what reports nothing is told, and a doubtful one stops all of them."""

from contextlib import closing
from pathlib import Path

import pytest
import xlsxwriter

from catalogue.errors import FileRefused
from connectors.files.source import FileSource
from producers.submissions.config import IntakeConfig
from producers.submissions.options import Options
from producers.submissions.receipts import SubmissionReceipt
from producers.submissions.session import Session
from producers.tables.lookalikes import ItemQuestion

Rows = list[list[object]]
PENALTY: Rows = [
    ["行政相对人名称", "统一社会信用代码", "行政处罚决定书文号", "罚款金额(元)", "处罚决定日期", "处罚机关"],
    ["虚构甲公司", "91110000600037341L", "虚罚〔2025〕1号", 5000, "2025-03-05", "虚构局"],
]
ABNORMAL: Rows = [
    ["企业名称", "统一社会信用代码", "列入异常名录原因", "列入日期", "移出异常名录原因", "列入机关", "移出机关"],
    ["虚构乙公司", "91350100M000100Y43", "未报年报", "2025-02-01", None, "虚构局", None],
]
COVER: Rows = [["某市行政处罚数据"], [], ["报送单位：虚构局"], ["联系人：", "某某"]]
TOTALS: Rows = [["月份", "件数", "罚款合计"], ["1月", 1, 5000], ["2月", 2, 10000]]


def _book(folder: Path, sheets: dict[str, Rows]) -> Path:
    path = folder / "三月.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return path


def _pushed(path: Path) -> tuple[list[SubmissionReceipt], FileRefused | None]:
    """Return the receipts of a rehearsed push, and what refused it."""
    receipts: list[SubmissionReceipt] = []
    config = IntakeConfig(path.parent, "630100")
    with closing(Session(config, Options(unit="functional_departments"))) as session:
        try:
            receipts.extend(session.push(FileSource(path)))
        except FileRefused as refusal:
            return receipts, refusal
    return receipts, None


def test_a_cover_and_a_summary_are_passed_over_and_told(tmp_path: Path) -> None:
    path = _book(
        tmp_path, {"封面": COVER, "1月": PENALTY, "2月": PENALTY, "汇总": TOTALS, "填表说明": [["请按要求填写"]]}
    )
    receipts, refusal = _pushed(path)
    assert refusal is None
    assert [(r.submission.sheet, r.counts.accepted) for r in receipts] == [("1月", 1), ("2月", 1)]
    notes = " ".join(note.text for note in receipts[0].notes)
    for sheet in ("封面", "汇总", "填表说明"):
        assert f"工作表“{sheet}”没有报送" in notes
    assert not any("没有报送" in note.text for note in receipts[1].notes)


def test_several_items_in_one_workbook_are_each_their_own(tmp_path: Path) -> None:
    receipts, refusal = _pushed(_book(tmp_path, {"处罚": PENALTY, "异常": ABNORMAL}))
    assert refusal is None
    assert [r.submission.item for r in receipts] == ["administration.penalty", "market.abnormal_list"]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([["甲", "乙", "丙"], ["1", "2", "3"]], "找不到表头"),
        ([PENALTY[0][:4], PENALTY[1][:4]], "缺少必需的列：行政机关名称"),
        (
            [["企业名称", "统一社会信用代码", "列入原因", "列入日期"], ["虚构乙公司", "x", "y", "2025-01-01"]],
            "它是哪一项",
        ),
        ([[*PENALTY[0][:3], "罚款金额(吨)", *PENALTY[0][4:]], PENALTY[1]], "罚款金额"),
    ],
    ids=["no header", "a missing column", "a question", "a unit that cannot be"],
)
def test_nothing_is_sent_before_all_sheets_are_understood(tmp_path: Path, rows: Rows, words: str) -> None:
    receipts, refusal = _pushed(_book(tmp_path, {"1月": PENALTY, "2月": rows}))
    assert receipts == []
    assert refusal is not None
    assert words in refusal.message
    assert "工作表“2月”" in refusal.message


def test_a_question_about_a_sheet_keeps_its_answers(tmp_path: Path) -> None:
    rows: Rows = [["企业名称", "统一社会信用代码", "列入原因", "列入日期"], ["虚构乙公司", "x", "y", "2025-01-01"]]
    _, refusal = _pushed(_book(tmp_path, {"1月": PENALTY, "名录": rows}))
    assert isinstance(refusal, ItemQuestion)
    assert {item.seq for item in refusal.candidates} == {5, 14}


# Columns that nobody knows, beside the code of an enterprise.
DUMP: Rows = [["XZMC", "XZDM", "XZSY", "XZRQ"], ["虚构乙公司", "91350100M000100Y43", "未报年报", "2025-02-01"]]


@pytest.mark.parametrize(
    ("sheet", "rows"),
    [
        ("处罚汇总", [row[:4] for row in PENALTY]),
        ("3月统计", [[*row[:2], *row[3:5]] for row in PENALTY]),
        ("汇总", [["公司名称", "处罚事由", "罚款金额(元)"], ["虚构甲公司", "违法", 5000]]),
        ("汇总表", DUMP),
        ("名单合计", [*COVER, *DUMP]),
        ("Sheet1", [["91350100M000100Y43"], ["91110000600037341L"]]),
        ("情况说明", ABNORMAL),
        ("处罚汇总(吨)", [[*PENALTY[0][:3], "罚款金额(吨)", *PENALTY[0][4:]], PENALTY[1]]),
    ],
)
def test_a_summary_by_name_that_looks_like_records_is_refused(tmp_path: Path, sheet: str, rows: Rows) -> None:
    receipts, refusal = _pushed(_book(tmp_path, {"1月": PENALTY, sheet: rows}))
    assert receipts == []
    assert refusal is not None
    assert f"工作表“{sheet}”" in refusal.message
    assert refusal.message.count("工作表") == 1


def test_a_question_about_a_summary_is_asked_and_not_passed_over(tmp_path: Path) -> None:
    rows: Rows = [
        ["企业名称", "统一社会信用代码", "成立日期", "注册资本"],
        ["甲", "91110000600037341L", "2020-01-01", 5],
    ]
    _, refusal = _pushed(_book(tmp_path, {"1月": PENALTY, "登记汇总": rows}))
    assert refusal is not None
    assert "注册资本" in refusal.message


@pytest.mark.parametrize(
    "rows",
    [
        [["单位", "件数", "罚款合计"], ["虚构局", 1, 5000]],
        [["企业名称", "统一社会信用代码", "处罚次数", "罚款合计"], ["虚构甲公司", "91110000600037341L", 2, 9000]],
        [["报送单位", "虚构局"], ["统一社会信用代码", "11630105MAX0012A4X"], ["报送日期", "2025-04-01"]],
    ],
    ids=["by department", "by enterprise", "the reporter's code"],
)
def test_a_true_summary_is_passed_over_and_told(tmp_path: Path, rows: Rows) -> None:
    receipts, refusal = _pushed(_book(tmp_path, {"1月": PENALTY, "汇总": rows}))
    assert refusal is None
    assert "工作表“汇总”没有报送" in " ".join(note.text for note in receipts[0].notes)


def test_a_sheet_of_samples_is_passed_over_and_told_and_alone_refused(tmp_path: Path) -> None:
    receipts, refusal = _pushed(_book(tmp_path, {"填写示例": PENALTY, "1月": PENALTY}))
    assert refusal is None
    assert [r.submission.sheet for r in receipts] == ["1月"]
    assert "工作表“填写示例”没有报送：按表名是样例" in " ".join(note.text for note in receipts[0].notes)
    receipts, refusal = _pushed(_book(tmp_path, {"样例": PENALTY, "封面": COVER}))
    assert receipts == []
    assert refusal is not None
    assert "按表名是样例" in refusal.message


def test_a_workbook_without_any_table_says_so(tmp_path: Path) -> None:
    receipts, refusal = _pushed(_book(tmp_path, {"封面": COVER, "汇总": TOTALS}))
    assert receipts == []
    assert refusal is not None
    assert "找不到表头" in refusal.message


def test_each_column_that_is_not_taken_is_told_with_its_reason(tmp_path: Path) -> None:
    titles = [*PENALTY[0], "主体名称", "行政相对人代码_2", "行政相对人名称(曾用名)", "食堂等级"]
    receipts, refusal = _pushed(_book(tmp_path, {"处罚": [titles, [*PENALTY[1], "虚构甲公司", None, "x", "y"]]}))
    assert refusal is None
    reasons = {column.title: column.why for column in receipts[0].unread}
    assert "已经作为同一内容" in reasons["主体名称"]
    assert "整列没有内容" in reasons["行政相对人代码_2"]
    assert "几个部分" in reasons["行政相对人名称(曾用名)"]
    assert "没有这个内容" in reasons["食堂等级"]
