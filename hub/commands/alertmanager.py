"""``credithub alertmanager``: the configuration of the program that tells people of alerts."""

from pathlib import Path
from typing import Annotated

import typer
import yaml

from bus.crypto.private_files import written_beside
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
        with written_beside(output, text) as fresh:
            # Alertmanager runs as another user. A password of the mail server's, and an address by which anybody may
            # speak to whom it tells, are for the group of that user alone.
            fresh.chmod(0o640 if contact.mail_password or contact.webhook else 0o644)
            fresh.replace(output)
    if not (contact.webhook or contact.mail_to):
        typer.echo("Nobody is told of alerts: set CREDITHUB_ALERT_WEBHOOK or CREDITHUB_ALERT_MAIL_TO.", err=True)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(alertmanager)
