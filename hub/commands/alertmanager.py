"""``credithub alertmanager``: the configuration of the program that tells people of alerts."""

import os
from pathlib import Path
from typing import Annotated

import typer
import yaml

from hub.settings import load_settings


def alertmanager(
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write; unset: print it.")] = None,
) -> None:
    """Write Alertmanager's configuration, with the contact of CREDITHUB_ALERT_WEBHOOK or CREDITHUB_ALERT_MAIL_TO."""
    from hub.alertmanager import alertmanager_config

    contact = load_settings().alert
    text = yaml.safe_dump(alertmanager_config(contact), sort_keys=False, allow_unicode=True)
    if output is None:
        typer.echo(text, nl=False)
    else:
        output.write_text(text, "utf-8")
        # Alertmanager runs as another user; a password of the mail server's is for its group alone.
        os.chmod(output, 0o640 if contact.mail_password else 0o644)
    if not (contact.webhook or contact.mail_to):
        typer.echo("Nobody is told of alerts: set CREDITHUB_ALERT_WEBHOOK or CREDITHUB_ALERT_MAIL_TO.", err=True)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(alertmanager)
