"""The lists of a small hub, by the commands that people type, and as the sink keeps them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from typer import Typer
from typer.testing import CliRunner, Result

from bus import topics
from catalogue.errors import HubError
from hub.commands import lists
from hub.demo.lists import show_lists
from hub.printing import terminal
from hub.settings import settings_environment
from hub.view import view_of
from queries.list_view import ListView
from rules.lists.loading import load_lists
from sinks.postgres.observation import listed
from tests import kafka
from tests.integration.proofs.small_hub import Hub, small_hub
from tests.services import Services


@pytest.fixture(scope="module")
def hub(stack: Services, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    yield from small_hub(stack, tmp_path_factory.mktemp("lists"))


def typed(hub: Hub, *arguments: str) -> Result:
    """Run a command."""
    app = Typer()
    app.callback()(lambda: None)
    lists.register(app)
    return CliRunner().invoke(app, arguments, env=settings_environment(hub.settings))


def said(hub: Hub, *arguments: str) -> Any:
    """Return what a command prints as JSON."""
    result = typed(hub, "lists", *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def told(hub: Hub) -> dict[tuple[str, str], dict[str, Any]]:
    """Return what the topic says, by subject and list."""
    return {(value["subject"], value["list"]): value for _, value in kafka.messages(hub.config, topics.LIST)}


def test_each_list_is_counted_with_its_reasons(hub: Hub) -> None:
    found = {one["list"]: one for one in said(hub, "show")}
    assert found.keys() == load_lists().keys()
    of_topic = [one for one in told(hub).values() if one["list"] == "recommended"]
    recommended = found["recommended"]
    assert recommended["members"] + recommended["waiting"] + recommended["out"] == len(of_topic) >= 3
    assert sum(recommended["reasons"].values()) >= recommended["out"] + recommended["waiting"]
    counted = listed(hub.settings.postgres.dsn or "")
    assert sum(count for (name, _), count in counted.items() if name == "recommended") == len(of_topic)
    shown = typed(hub, "lists", "show").stdout
    for text in ("白名单", "推荐清单", "预警名单", "未列入的主要原因"):
        assert text in shown


def test_who_is_on_a_list_is_shown(hub: Hub) -> None:
    on = {subject for (subject, name), one in told(hub).items() if name == "watch" and one["status"] == "MEMBER"}
    assert {one["subject"] for one in said(hub, "show", "watch")} == on
    assert "预警名单" in typed(hub, "lists", "show", "watch").stdout
    assert isinstance(typed(hub, "lists", "show", "nobody").exception, HubError)
    assert isinstance(typed(hub, "lists", "show", "watch", "--subject", "1").exception, HubError)


def test_an_enterprise_is_told_why_it_is_not_on_a_list(hub: Hub) -> None:
    (subject, _), held = next(
        (key, one) for key, one in told(hub).items() if key[1] == "white" and one["reasons"] == ["SCORE", "GRADE"]
    )
    white = next(one for one in said(hub, "show", "--subject", subject)["lists"] if one["list"] == "white")
    assert white["membership"]["reasons"] == held["reasons"]
    assert white["points_missing"] == 900 - white["rating"]["score"] > 0
    shown = typed(hub, "lists", "show", "--subject", subject).stdout
    for text in ("白名单：未列入", "等级未达到", f"还差 {white['points_missing']} 分", "未经授权不告知"):
        assert text in shown


def test_what_the_end_of_the_day_changes_is_told_before(hub: Hub) -> None:
    found = {one["list"]: one for one in said(hub, "check")}
    assert {name: one["model"] for name, one in found.items()} == {
        "recommended": "public_v1", "watch": "public_v1", "white": "public_v1", "white_authorised": "authorised_v1",
    }  # fmt: skip
    # Everybody was decided by the same ratings a day before, and no days end.
    assert all(one["enter"] == one["leave"] == 0 for one in found.values())
    counts = {one.definition.id: one for one in ListView(view_of(hub.settings)).counts()}
    assert {name: one["members"] for name, one in found.items()} == {name: one.members for name, one in counts.items()}
    assert "将进入" in typed(hub, "lists", "check").stdout


def test_the_demonstration_tells_the_lists(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    show_lists(view_of(hub.settings), terminal())
    assert "推荐清单" in capsys.readouterr().out
