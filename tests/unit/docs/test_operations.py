"""Every alert has its section in the operators' guide, and names it."""

import ast
import re
from functools import cache
from typing import Any

import pytest

from tests.alerts import ALERTS
from tests.layers import rooms
from tests.rehearsal.operator import Passage
from tests.unit.docs.documents import ROOT, blocks, section

GUIDE = "docs/operations.md"


def sections() -> dict[str, str]:
    """Return the text below each heading of an alert."""
    _, *found = re.split(r"^### ", section((ROOT / GUIDE).read_text("utf-8"), "Alerts"), flags=re.MULTILINE)
    return {name.strip(): text for name, _, text in (part.partition("\n") for part in found)}


def test_every_alert_has_a_section_and_every_section_an_alert() -> None:
    assert sorted(sections()) == sorted(alert["alert"] for alert in ALERTS)


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_leads_to_its_section(alert: dict[str, Any]) -> None:
    assert alert["annotations"]["runbook_url"] == f"{GUIDE}#{alert['alert'].lower()}"


@pytest.mark.parametrize("name", sorted(sections()))
def test_a_section_says_what_it_means_where_to_look_what_to_do_and_what_not(name: str) -> None:
    for part in ("**Means.**", "**Look.**", "**Do.**", "**Do not**"):
        assert part in sections()[name]


def quoted() -> list[str]:
    """Return the messages that the guide explains, with an ellipsis for what differs."""
    table = section((ROOT / GUIDE).read_text("utf-8"), "When a process stops and says why")
    return re.findall(r'^\| "([^"]+)"', table, re.MULTILINE)


@pytest.mark.parametrize("message", quoted())
def test_a_message_that_is_explained_is_one_of_the_hub_s(message: str) -> None:
    wanted = ".*".join(re.escape(part) for part in re.split(r"\s*…,?\s*", message) if part)
    assert any(re.search(wanted, text) for text in _texts())


@cache
def _texts() -> list[str]:
    """Return every text in the code, with an ellipsis for each value in it."""
    files = [file for room in sorted(rooms()) for file in (ROOT / room).rglob("*.py")]
    return [text for file in files for node in ast.walk(ast.parse(file.read_text("utf-8"))) if (text := _text(node))]


def _text(node: ast.AST) -> str:
    match node:
        case ast.JoinedStr(values=parts):
            return "".join(_text(part) or "…" for part in parts)
        case ast.Constant(value=str(text)):
            return text
    return ""


def test_every_command_of_back_up_and_restore_is_rehearsed() -> None:
    text = (ROOT / GUIDE).read_text("utf-8")
    rehearsed = {str(passage) for passage in Passage}
    assert set(blocks(section(text, "Back up") + section(text, "Restore"))) <= rehearsed
