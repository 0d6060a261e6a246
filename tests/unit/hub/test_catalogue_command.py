"""``credithub catalogue`` and the offline commands of ``credithub schemas``."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from catalogue.errors import UsageError
from catalogue.load import load_catalogue
from hub.commands import catalogue, schemas

app = typer.Typer()
catalogue.register(app)
schemas.register(app)
runner = CliRunner(env={"COLUMNS": "200"})


def test_all_items_are_listed_by_category() -> None:
    result = runner.invoke(app, ["catalogue"])
    assert result.exit_code == 0
    for item in load_catalogue().items:
        assert item.zh in result.output
        assert item.id in result.output
    assert "68 项，20 类，25 个责任单位" in result.output


@pytest.mark.parametrize("name", ["27", "housing_fund.guarantee_contract", "担保合同信息(个人)"])
def test_an_item_is_found_by_number_id_and_name(name: str) -> None:
    item = load_catalogue().item("27")
    result = runner.invoke(app, ["catalogue", item.id if "." in name else name])
    assert result.exit_code == 0
    assert "担保合同信息(个人)" in result.output
    assert all(field.name in result.output for field in item.fields)
    assert "personal" in result.output
    assert "更正：拆分" in result.output


def test_an_unknown_item_is_refused_with_its_neighbours() -> None:
    result = runner.invoke(app, ["catalogue", "欠税公告"])
    assert isinstance(result.exception, UsageError)
    assert "企业欠税公告信息" in result.exception.remedy
    result = runner.invoke(app, ["catalogue", "69"])
    assert isinstance(result.exception, UsageError)
    assert "Did you mean" not in result.exception.remedy


def test_json_holds_every_item_and_every_field() -> None:
    result = runner.invoke(app, ["catalogue", "--json"])
    assert result.exit_code == 0
    found = json.loads(result.output)
    loaded = load_catalogue()
    assert [one["seq"] for one in found] == list(range(1, 69))
    assert [len(one["fields"]) for one in found] == [len(item.fields) for item in loaded.items]
    assert len({one["category_zh"] for one in found}) == 20
    assert len({unit for one in found for unit in one["units"]}) == 25


def test_json_of_one_item() -> None:
    [one] = json.loads(runner.invoke(app, ["catalogue", "1", "--json"]).output)
    assert (one["id"], one["name"], one["category"]) == ("market.registration", "企业登记信息", "market")
    assert (one["category_zh"], one["period"], one["period_zh"]) == ("企业基础信息", "daily", "每日")
    assert one["units"] == ["市市场监管局"]
    fields = {field["name"]: field for field in one["fields"]}
    capital = fields["registered_capital"]
    assert (capital["zh"], capital["source"]) == ("注册资本(金)(万元)", "注册资本(金)(万元")
    assert capital["type"] == "money"
    assert capital["correction"] == "清单漏印右括号"
    assert "注册资本" in capital["aliases"]
    assert fields["legal_rep_id_number"]["sensitivity"] == "personal"
    assert fields["legal_rep_id_number"]["ground"]
    assert fields["uscc"]["required"] is True


def test_added_fields_have_no_source() -> None:
    fields = [f for one in json.loads(runner.invoke(app, ["catalogue", "--json"]).output) for f in one["fields"]]
    added = [f for f in fields if f["added"]]
    assert added
    assert all(not f["source"] for f in added)
    assert all(f["source"] for f in fields if not f["added"])


def test_schemas_are_generated_released_and_checked(tmp_path: Path) -> None:
    there = ["--folder", str(tmp_path)]
    missing = runner.invoke(app, ["schemas", "check", "--json", *there])
    assert missing.exit_code == 1
    assert len(json.loads(missing.output)["drift"]) == json.loads(missing.output)["schemas"]
    assert runner.invoke(app, ["schemas", "generate", *there]).exit_code == 0
    assert runner.invoke(app, ["schemas", "release", *there]).exit_code == 0
    assert runner.invoke(app, ["schemas", "check", *there]).exit_code == 0
    place = tmp_path / "released" / "internal" / "Submission" / "1.avsc"
    place.write_text(
        place.read_text("utf-8").replace(
            '"name": "rows",\n      "type": "long"', '"name": "rows",\n      "type": "string"'
        ),
        "utf-8",
    )
    broken = runner.invoke(app, ["schemas", "check", "--json", *there])
    assert broken.exit_code == 1
    assert [p["field"] for p in json.loads(broken.output)["problems"]] == ["rows"]
