"""Every alert has its section in the operators' guide, and names it."""

import re
from typing import Any

import pytest
import yaml

from tests.unit.docs.documents import ROOT, section

GUIDE = "docs/operations.md"
ALERTS: list[dict[str, Any]] = [
    rule
    for file in sorted((ROOT / "monitoring/prometheus/rules").glob("*.yml"))
    for group in yaml.safe_load(file.read_text("utf-8"))["groups"]
    for rule in group["rules"]
    if "alert" in rule
]


def sections() -> dict[str, str]:
    """Return the text below each heading of an alert."""
    _, *found = re.split(r"^### ", section((ROOT / GUIDE).read_text("utf-8"), "Alerts"), flags=re.MULTILINE)
    return {name.strip(): text for name, _, text in (part.partition("\n") for part in found)}


def test_every_alert_has_a_section_and_every_section_an_alert() -> None:
    assert sorted(sections()) == sorted(alert["alert"] for alert in ALERTS)


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_leads_to_its_section(alert: dict[str, Any]) -> None:
    assert alert["annotations"]["runbook"] == f"{GUIDE}#{alert['alert'].lower()}"


@pytest.mark.parametrize("name", sorted(sections()))
def test_a_section_says_what_it_means_where_to_look_and_what_to_do(name: str) -> None:
    for part in ("**Means.**", "**Look.**", "**Do.**"):
        assert part in sections()[name]
