"""Alertmanager takes the configuration, and tells whom the settings name."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from hub.alertmanager import alertmanager_config
from hub.settings import exact_settings
from tests.prometheus import program

WEBHOOK = {"alert_webhook": "http://127.0.0.1:9/alerts"}
MAIL = {"alert_mail_to": "night@hub.example", "alert_mail_user": "hub", "alert_mail_password": "x"}


@pytest.mark.parametrize("contact", [{}, WEBHOOK, MAIL, {**WEBHOOK, **MAIL}], ids=["none", "webhook", "mail", "both"])
def test_alertmanager_takes_it(contact: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "alertmanager.yml"
    file.write_text(yaml.safe_dump(alertmanager_config(exact_settings(**contact).alert)), "utf-8")
    done = subprocess.run((program("amtool"), "check-config", file), capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_tells_whom_the_settings_name() -> None:
    (receiver,) = alertmanager_config(exact_settings(**WEBHOOK, **MAIL).alert)["receivers"]
    assert receiver["webhook_configs"] == [{"url": WEBHOOK["alert_webhook"], "send_resolved": True}]
    (mail,) = receiver["email_configs"]
    assert (mail["to"], mail["from"]) == (MAIL["alert_mail_to"], MAIL["alert_mail_to"])
    assert (mail["auth_username"], mail["require_tls"]) == ("hub", True)
