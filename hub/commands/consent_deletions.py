"""``credithub consent deletions``: whether banks deleted what they had by consents that ended."""

import json
from contextlib import closing
from typing import Annotated

import typer

from hub.terminal import echo


def deletions(
    overdue: Annotated[
        bool, typer.Option("--overdue", help="Those alone whose day has passed; exit code 3 where there is one.")
    ] = False,
    recipient: Annotated[str, typer.Option(help="被授权机构; unset: all.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List consents that ended and let copies out: deleted, kept under which law until when, or due, and by when."""
    from hub.portal_client import PortalClient
    from hub.printing import terminal
    from hub.returns_printing import print_deletions
    from hub.settings import load_settings

    with closing(PortalClient(load_settings())) as portal:
        found = portal.get("/v1/overview/deletions", recipient=recipient)
    shown = [one for one in found if one["overdue"] or not overdue]
    if as_json:
        echo(json.dumps(shown, ensure_ascii=False))
    else:
        print_deletions(terminal(), shown)
    if overdue and shown:
        raise typer.Exit(3)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(deletions)
