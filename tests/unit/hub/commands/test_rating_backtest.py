"""``credithub rating backtest``: a small city, without services."""

import json

import pytest
from typer import Typer
from typer.testing import CliRunner, Result

from catalogue.errors import UsageError
from hub.commands import rating_backtest
from validation import fitting


@pytest.fixture(autouse=True)
def _without_the_group(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise UsageError("missing", remedy="`make fit`")

    monkeypatch.setattr(fitting, "require_group", missing)


def run(*arguments: str) -> Result:
    app = Typer()
    rating_backtest.register(app)
    app.callback()(lambda: None)
    return CliRunner().invoke(app, ["backtest", "--processes", "1", "--model", "public_v1", *arguments])


def test_a_small_city_is_tested_without_the_group() -> None:
    found = run("--enterprises", "2000", "--json")
    assert found.exit_code == 0, found.output
    (told,) = json.loads(found.stdout)
    assert (told["model"], told["fitted_cards"], told["failures"]) == ("public_v1", None, [])
    parts = {one["part"]: one for one in told["parts"]}
    assert parts.keys() == {"out_of_time", "out_of_sample", "unseen", "expert_on_all"}
    low, high = parts["expert_on_all"]["attainable"]["interval"]
    assert low < parts["expert_on_all"]["attainable"]["auc"] < high


def test_people_read_it_in_chinese_and_how_to_get_the_fitted_card() -> None:
    found = run("--enterprises", "2000")
    assert "专家卡，全部观察" in found.stdout
    assert "make fit" in found.output


def test_too_small_a_city_is_refused() -> None:
    refusal = run("--enterprises", "100").exception
    assert isinstance(refusal, UsageError)
    assert "more enterprises" in refusal.remedy


def test_an_unknown_model_is_refused() -> None:
    refusal = run("--model", "nobody").exception
    assert isinstance(refusal, UsageError)
    assert "public_v1" in refusal.remedy
