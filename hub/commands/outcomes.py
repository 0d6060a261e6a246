"""``credithub outcomes``: what became of applications, as recipients reported it, summed up."""

import json
from contextlib import closing
from typing import Annotated

import typer

from hub.terminal import echo


def outcomes(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Show what recipients reported, by month: applications, approvals, amounts, first loans, overdue.

    No enterprise is named: an outcome is told to nobody but in these sums.
    """
    from hub.portal_client import PortalClient
    from hub.printing import terminal
    from hub.returns_printing import print_outcome_totals
    from hub.settings import load_settings

    with closing(PortalClient(load_settings())) as portal:
        found = portal.get("/v1/overview/outcomes")
    if as_json:
        echo(json.dumps(found, ensure_ascii=False))
    else:
        print_outcome_totals(terminal(), found)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(outcomes)
