"""The alert rules and the dashboards of the hub as the tests read them."""

import json
from pathlib import Path
from typing import Any

import yaml

from tests.services import REPOSITORY

PROMETHEUS = REPOSITORY / "monitoring/prometheus"
RULE_FILES = sorted((PROMETHEUS / "rules").glob("*.yml"))


def read_yaml(file: Path) -> dict[str, Any]:
    """Return a file that holds one mapping."""
    loaded = yaml.safe_load(file.read_text("utf-8"))
    assert isinstance(loaded, dict)
    return loaded


ALERTS: list[dict[str, Any]] = [
    rule for file in RULE_FILES for group in read_yaml(file)["groups"] for rule in group["rules"] if "alert" in rule
]
PANELS: list[tuple[str, str]] = [
    (panel["title"], target["expr"])
    for file in sorted((REPOSITORY / "monitoring/grafana/dashboards").glob("*.json"))
    for panel in json.loads(file.read_text("utf-8"))["panels"]
    for target in panel["targets"]
]
