"""``credithub indicators``: what is listed is what is computed, and docs/indicators.md has the same table."""

import json
from pathlib import Path

import pytest
from typer import Typer
from typer.testing import CliRunner, Result

from catalogue.errors import UsageError
from catalogue.load import load_catalogue
from hub.commands import indicators
from hub.commands.indicators import markdown_table
from rules.indicators.definitions import load_indicators

DOCUMENT = Path(__file__).parents[4] / "docs" / "indicators.md"


def run(*arguments: str) -> Result:
    app = Typer()
    indicators.register(app)
    app.callback()(lambda: None)
    return CliRunner().invoke(app, ["indicators", *arguments])


def test_the_document_has_the_table() -> None:
    assert markdown_table(list(load_indicators()), load_catalogue()) in DOCUMENT.read_text("utf-8")


def test_every_indicator_is_listed_with_what_it_is_made_of() -> None:
    told = json.loads(run("list", "--json").stdout)
    assert [one["id"] for one in told] == [one.id for one in load_indicators()]
    (tax,) = (one for one in told if one["id"] == "tax_mean_12m")
    assert (tax["is"], tax["sensitivity"], tax["category"]) == ("mean(paid, 12)", "consent", "tax")
    assert tax["reads"] == ["tax.payment.tax_amount", "tax.payment.tax_type"]
    assert "by period" in tax["series"][0]
    shown = run("list")
    assert "近12个月月均税额" in shown.stdout
    assert f"{len(told)} 项指标" in shown.stdout


def test_those_of_one_item_are_listed_by_its_number() -> None:
    told = json.loads(run("list", "--item", "53", "--json").stdout)
    assert {"fines_36m", "penalties_to_revenue_36m"} <= {one["id"] for one in told}
    assert all("administration.penalty" in one["items"] for one in told)


def test_an_indicator_over_several_items_shows_each_of_them() -> None:
    shown = run("show", "tax_to_revenue_12m").stdout
    assert "16 纳税信息" in shown
    assert "20 财务报表-利润表" in shown
    (told,) = (one for one in json.loads(run("list", "--json").stdout) if one["id"] == "tax_to_revenue_12m")
    assert (told["category"], told["items"]) == ("cross", ["tax.payment", "tax.income_statement"])


def test_one_is_shown_and_an_unknown_one_refused() -> None:
    shown = run("show", "fines_36m")
    assert "近36个月罚款金额" in shown.stdout
    assert "sum(penalties, 36)" in shown.stdout
    assert json.loads(run("show", "fines_36m", "--json").stdout)["unit"] == "元"
    refused = run("show", "fines")
    assert isinstance(refused.exception, UsageError)
    with pytest.raises(UsageError, match="no indicator fines"):
        raise refused.exception
