"""A clerk who writes a command wrongly reads what is wrong and how to write it, in Chinese."""

import re
import shlex
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from catalogue.errors import UsageError
from hub.commands import mapping, push, receipt, resolve, template
from hub.push_outcome import PushOutcome
from tests.conftest import READ_BY_TESTS


def refused(line: str) -> UsageError:
    app = typer.Typer()
    for module in (mapping, push, receipt, resolve, template):
        module.register(app)
    result = CliRunner().invoke(app, shlex.split(line), prog_name="credithub")
    assert isinstance(result.exception, UsageError), result.output
    return result.exception


@pytest.mark.parametrize(
    ("line", "message", "remedy"),
    [
        ("template 53", "没有写明选项“--output”。", "要写的 .xlsx 文件。"),
        ("template", "没有写明“ITEM”。", "编号、序号或名称"),
        ("receipt", "没有写明“", "用法见 credithub receipt --help。"),
        ("mapping suggest", "没有写明“FILE”。", "一份这样的表。"),
        ("mapping sugest", "没有这个命令", "用法见 credithub mapping --help。"),
        ("push a.csv --unti 税务", "没有选项“--unti”。", "是不是："),
        ("push a.csv --jobs 三", "选项“--jobs”的内容不对。", "进程数"),
        ("push a.csv --unit", "选项“--unit”写得不对", "用法见 credithub push --help。"),
        ("push-dir", "没有写明“FOLDER”。", "要报送的文件夹"),
        ("push-dir 一 二", "多了内容", "文件名里有空格的，请加引号。"),
        ("resolve --dryrun", "没有选项“--dryrun”。", "--dry-run"),
    ],
)
def test_a_wrong_use_is_told_in_chinese_with_the_remedy(line: str, message: str, remedy: str) -> None:
    error = refused(line)
    assert message in error.message
    assert remedy in error.remedy
    # Beside names of options, arguments and commands no word is English.
    plain = re.sub(r"“[^”]*”|credithub [\w -]+|--[\w-]+|\.xlsx", "", error.message + error.remedy)
    assert not re.search("[A-Za-z]{3}", plain), plain
    assert error.exit_code == 2


def test_a_hub_that_is_stopped_asks_to_try_again_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in READ_BY_TESTS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CREDITHUB_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "home" / "run").mkdir(parents=True)
    (tmp_path / "a.csv").write_text("企业名称\n样例\n", "utf-8")
    error = refused("push a.csv --yes")
    assert (error.exit_code, error.message) == (PushOutcome.TRY_AGAIN, "平台暂时不可用，报送没有完成。")
