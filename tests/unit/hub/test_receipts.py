"""What a clerk reads: where each declaration came from, what was not taken and why, and what the exit code says."""

from collections.abc import Sequence
from contextlib import closing
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from connectors.files.source import FileSource
from hub.commands.push import register
from hub.push_outcome import PushOutcome, outcome_of
from hub.receipts import print_receipt
from producers.submissions.config import IntakeConfig
from producers.submissions.options import Options
from producers.submissions.receipts import SubmissionReceipt
from producers.submissions.session import Session

CODE, OTHER = "91110000600037341L", "91350100M000100Y43"
HEAD = "行政相对人名称,统一社会信用代码,处罚决定日期,行政处罚决定书文号,处罚机关,罚款金额,法定代表人证件号码,经办人"
GOOD = f"甲公司,{CODE},2025-01-02,某罚1号,某局,5,,王某"
BAD_DATE = f"乙公司,{OTHER},2025-02-30,某罚2号,某局,1.2,,王某"
NO_CODE = "丙公司,,2025-01-02,某罚3号,某局,3,,王某"
CONFLICT = f"甲公司,{CODE},2025-01-02,某罚1号,某局,6,,王某"
TITLE = "行政处罚（单位：万元） 数据日期：2025-03-31"


def pushed(folder: Path, *rows: str, **options: Any) -> list[SubmissionReceipt]:
    path = folder / "处罚.csv"
    path.write_text("\n".join([TITLE, HEAD, *rows]), "utf-8")
    with closing(Session(IntakeConfig(folder, "630100"), Options(unit="职能部门", **options))) as session:
        return list(session.push(FileSource(path)))


def printed(receipt: SubmissionReceipt, folder: Path) -> str:
    out = StringIO()
    with closing(Session(IntakeConfig(folder, "630100"), Options())) as session:
        print_receipt(Console(file=out, width=200), receipt, session.catalogue)
    return out.getvalue()


def test_a_receipt_says_what_was_declared_taken_and_left(tmp_path: Path) -> None:
    (receipt,) = pushed(tmp_path, GOOD, BAD_DATE, NO_CODE, CONFLICT)
    text = printed(receipt, tmp_path)
    for words in (
        "各相关职能部门［命令选项］",
        "630100［本平台的设置］",
        "数据日期：2025-03-31［表上方的文字］",
        "共4行：接收2，退回1，主体待定1",
        "第3行与第6行",
        "“经办人”——清单的这一项没有这个内容",
        "2025年2月30日不存在",
        "没有统一社会信用代码",
        "50,000元",
    ):
        assert words in text, words
    shown = receipt.to_json()
    assert [(r["code"], r["waits"], r["first_rows"]) for r in shown["reasons"]] == [
        ("NOT_A_DATE", False, [4]),
        ("NO_CODE", True, [5]),
    ]
    assert shown["declared_in"]["data_date"] == "TITLE"
    assert "王某" not in text + str(shown)


@pytest.mark.parametrize(
    ("rows", "outcome"),
    [
        ([GOOD], PushOutcome.ALL_TAKEN),
        ([GOOD, BAD_DATE], PushOutcome.SOME_LEFT),
        ([GOOD, NO_CODE], PushOutcome.SOME_LEFT),
        ([NO_CODE], PushOutcome.SOME_LEFT),
        ([GOOD, CONFLICT], PushOutcome.SOME_LEFT),
        ([BAD_DATE], PushOutcome.NOTHING_TAKEN),
    ],
)
def test_the_exit_code_says_what_was_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: Sequence[str], outcome: PushOutcome
) -> None:
    assert outcome_of(pushed(tmp_path, *rows)) is outcome
    monkeypatch.setenv("CREDITHUB_HOME", str(tmp_path / "home"))
    assert run("push", str(tmp_path / "处罚.csv"), "--unit", "职能部门", "--dry-run", "--yes") == outcome


def test_a_folder_ends_with_the_worst_of_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDITHUB_HOME", str(tmp_path / "home"))
    city = tmp_path / "city"
    city.mkdir()
    for name, row in (("处罚1.csv", GOOD), ("处罚2.csv", NO_CODE)):
        (city / name).write_text("\n".join([TITLE, HEAD, row]), "utf-8")
    options = ("--unit", "职能部门", "--region", "630102", "--dry-run", "--jobs", "1")
    assert run("push-dir", str(city), *options) == PushOutcome.SOME_LEFT
    (city / "处罚3.csv").write_text("\n".join([TITLE, HEAD, BAD_DATE]), "utf-8")
    assert run("push-dir", str(city), *options) == PushOutcome.NOTHING_TAKEN


def run(*arguments: str) -> int:
    import typer

    app = typer.Typer()
    register(app)
    return CliRunner().invoke(app, arguments).exit_code
