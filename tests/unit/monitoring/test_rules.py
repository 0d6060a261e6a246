"""Alerts and dashboards speak of metrics that exist, and every alert was seen to fire and to clear.

``alerts/<Alert>.yml`` holds the cause of an alert as series, for ``promtool test rules``.
"""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY

import monitoring.metrics
import monitoring.serving
from tests.alerts import ALERTS, PANELS, PROMETHEUS, RULE_FILES, read_yaml
from tests.prometheus import program

CAUSES = Path(__file__).with_name("alerts")


def known() -> set[str]:
    """Return the names of the samples that our processes expose."""
    assert monitoring.metrics.RECEIVED
    assert monitoring.serving.steady("for 3 s")
    found = {family.name for family in REGISTRY.collect()}
    return {name + suffix for name in found for suffix in ("", "_total", "_bucket")}


def promtool(*arguments: str | Path) -> None:
    """Run promtool, and fail with what it says."""
    done = subprocess.run((program("promtool"), *arguments), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


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


def test_every_alert_has_its_cause_and_every_cause_its_alert() -> None:
    assert sorted(file.stem for file in CAUSES.iterdir()) == sorted(alert["alert"] for alert in ALERTS)


@pytest.mark.parametrize("alert", [alert["alert"] for alert in ALERTS])
def test_a_cause_is_looked_at_before_it_fires_when_it_does_and_after(alert: str) -> None:
    looks = [look for test in read_yaml(CAUSES / f"{alert}.yml")["tests"] for look in test["alert_rule_test"]]
    fires = [_fires(look) for look in looks if look["alertname"] == alert]
    assert True in fires
    assert fires[0] is False
    assert fires[-1] is False


def _fires(look: dict[str, Any]) -> bool:
    return bool(look.get("exp_alerts"))


@pytest.mark.parametrize("alert", [alert["alert"] for alert in ALERTS])
def test_an_alert_fires_and_clears(alert: str) -> None:
    promtool("test", "rules", CAUSES / f"{alert}.yml")


def test_prometheus_takes_the_rules_and_the_configurations() -> None:
    promtool("check", "rules", *RULE_FILES)
    promtool("check", "config", *PROMETHEUS.glob("*.yml"))
