"""Alerts and dashboards speak of metrics that exist."""

import json
import re
from pathlib import Path

import pytest
import yaml
from prometheus_client import REGISTRY

import monitoring.metrics

ROOT = Path(__file__).parents[3] / "monitoring"
ALERTS = [
    rule
    for file in (ROOT / "prometheus/rules").glob("*.yml")
    for group in yaml.safe_load(file.read_text("utf-8"))["groups"]
    for rule in group["rules"]
]
PANELS = [
    (panel["title"], target["expr"])
    for file in (ROOT / "grafana/dashboards").glob("*.json")
    for panel in json.loads(file.read_text("utf-8"))["panels"]
    for target in panel["targets"]
]


def known() -> set[str]:
    """Return the names of the samples that our processes expose."""
    assert monitoring.metrics.EVENTS
    found = {family.name for family in REGISTRY.collect()}
    return {name + suffix for name in found for suffix in ("", "_total", "_bucket")}


def test_there_are_alerts_and_panels() -> None:
    assert len(ALERTS) >= 5
    assert len(PANELS) >= 10


@pytest.mark.parametrize("expression", [*(a["expr"] for a in ALERTS), *(e for _, e in PANELS)])
def test_every_expression_names_metrics_that_exist(expression: str) -> None:
    named = set(re.findall(r"credithub_\w+", expression))
    assert named <= known()


def test_every_alert_says_what_to_do() -> None:
    for alert in ALERTS:
        assert alert["annotations"]["summary"]
        assert alert["annotations"]["action"]
        assert alert["labels"]["severity"] in ("page", "ticket")
