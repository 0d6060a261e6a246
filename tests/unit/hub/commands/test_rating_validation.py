"""``credithub rating outcomes`` and ``fit``: what they say without services."""

import json
from pathlib import Path

import pytest
from typer import Typer
from typer.testing import CliRunner, Result

from catalogue.errors import FileRefused, UsageError
from hub.commands import rating_validation

HEADER = "统一社会信用代码,观察日,后12个月最大逾期天数\n"


def run(*arguments: str) -> Result:
    app = Typer()
    rating_validation.register(app)
    app.callback()(lambda: None)
    return CliRunner().invoke(app, [*arguments])


@pytest.fixture
def outcomes(tmp_path: Path) -> Path:
    path = tmp_path / "结果.csv"
    path.write_text(f"{HEADER}91350100M000100Y43,2024-06-30,0\n91110000600037341L,2024-06-30,120\n", "utf-8")
    return path


def test_a_file_of_outcomes_is_counted(outcomes: Path) -> None:
    told = json.loads(run("outcomes", str(outcomes), "--json").stdout)
    assert (told["subjects"], told["good"], told["indeterminate"], told["bad"]) == (2, 1, 0, 1)
    assert "坏（逾期90天以上） 1" in run("outcomes", str(outcomes)).stdout


def test_a_wrong_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "结果.csv"
    path.write_text(f"{HEADER}91350100M000100Y43,2024-06-30,x\n", "utf-8")
    refusal = run("outcomes", str(path)).exception
    assert isinstance(refusal, FileRefused)
    assert "第2行C列" in refusal.message


def test_fitting_asks_for_two_approvers_a_known_model_and_a_new_file(outcomes: Path, tmp_path: Path) -> None:
    given = ["fit", "--outcomes", str(outcomes), "--id", "v2", "-o", str(tmp_path / "v2.yaml"), "--approved-by", "甲"]
    both = [*given, "--approved-by", "乙"]
    for arguments, said in (
        (given, "two approvers"),
        ([*both, "--like", "nobody"], "no model nobody"),
        ([*both, "--id", "v3"], "not named v3.yaml"),
    ):
        refusal = run(*arguments).exception
        assert isinstance(refusal, UsageError)
        assert said in refusal.message


def test_the_monitoring_needs_a_day_to_compare_with() -> None:
    refusal = run("monitor").exception
    assert isinstance(refusal, UsageError)
    assert "--reference" in refusal.remedy
