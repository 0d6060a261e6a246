"""Alertmanager's configuration: the hub's routes, with the contact that the settings name.

Alertmanager reads no environment variables, so a file is written for it.
"""

from pathlib import Path
from typing import Any

import yaml

import monitoring
from hub.setting_groups import AlertSettings

_BASE = Path(monitoring.__file__).with_name("alertmanager") / "base.yml"


def alertmanager_config(contact: AlertSettings) -> dict[str, Any]:
    """Return the whole configuration; without a contact the alerts are seen in Alertmanager's own pages alone."""
    config: dict[str, Any] = yaml.safe_load(_BASE.read_text("utf-8"))
    receiver: dict[str, Any] = {"name": config["route"]["receiver"]}
    if contact.webhook:
        receiver["webhook_configs"] = [{"url": contact.webhook, "send_resolved": True}]
    if contact.mail_to:
        receiver["email_configs"] = [_mail(contact)]
    return {**config, "receivers": [receiver]}


def _mail(contact: AlertSettings) -> dict[str, Any]:
    mail = {
        "to": contact.mail_to,
        "from": contact.mail_from or contact.mail_to,
        "smarthost": contact.mail_server,
        "require_tls": contact.mail_tls,
        "send_resolved": True,
    }
    if contact.mail_user:
        mail |= {"auth_username": contact.mail_user, "auth_password": contact.mail_password or ""}
    return mail
