"""The unit of amounts is asked at the terminal, once for all tables of a shape."""

from contextlib import closing
from pathlib import Path

import pytest
import xlsxwriter

from catalogue.errors import Question
from connectors.files.source import FileSource
from producers.submissions.config import IntakeConfig
from producers.submissions.options import Ask, Options
from producers.submissions.receipts import SubmissionReceipt
from producers.submissions.session import Session

CODE = "91110000600037341L"


class Answers:
    """Somebody at the terminal, who answers each question by a choice, and remembers what was asked."""

    def __init__(self, *choices: str) -> None:
        self.left, self.asked = list(choices), list[str]()

    def __call__(self, question: Question) -> int:
        self.asked.append(question.message)
        return question.choices.index(self.left.pop(0))


def _pushed(path: Path, ask: Ask | None) -> tuple[SubmissionReceipt, ...]:
    options = Options(item="1", data_date="2025-03-31")
    with closing(Session(IntakeConfig(path.parent / "receipts", "630100"), options, ask=ask)) as session:
        return tuple(session.push(FileSource(path)))


def _book(folder: Path, *sheets: str) -> Path:
    rows = [["企业名称", "统一社会信用代码", "成立日期", "注册资本"], ["虚构甲公司", CODE, "2020-01-01", 500]]
    path = folder / "登记.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        for name in sheets:
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return path


def test_the_unit_is_asked_once_a_shape(tmp_path: Path) -> None:
    answers = Answers("万元")
    receipts = _pushed(_book(tmp_path, "东区", "西区"), answers)
    assert [r.counts.totals["registered_capital"] for r in receipts] == [5_000_000, 5_000_000]
    (question,) = answers.asked
    assert question.startswith("工作表“东区”：“注册资本”的单位是元还是万元？")


def test_a_question_that_nobody_answers_refuses_the_file_and_names_the_sheet_once(tmp_path: Path) -> None:
    with pytest.raises(Question, match=r"^工作表“东区”：“注册资本”的单位"):
        _pushed(_book(tmp_path, "东区", "西区"), None)
