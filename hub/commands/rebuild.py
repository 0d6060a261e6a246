"""``credithub rebuild postgres``: PostgreSQL's tables again, from the topics."""

import json
import os
import signal
import time
from contextlib import suppress
from typing import Annotated

import typer
from rich.console import Console

from catalogue.errors import HubError
from hub.database_access import DatabaseRole
from hub.overview import OverviewWatch
from hub.settings import Settings, endpoints, load_settings
from hub.stack import control
from hub.terminal import Terminal
from proofs.reconcile.findings import POSTGRES
from sinks.postgres.refilling import digests, empty
from sinks.postgres.schema import migrate

_PROCESS = "sink-postgres"
_LOOK_EVERY_S, _ANSWER_WITHIN_S = 1.0, 60.0
_rebuild = typer.Typer(help="Make again what the topics can fill.", no_args_is_help=True)


@_rebuild.command("postgres")
def rebuild_postgres(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    wait: Annotated[float, typer.Option("--wait", min=0, help="Seconds to wait at most until all is filled.")] = 3600.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Empty PostgreSQL's tables and let its sink fill them from the topics; banks and pushes go on meanwhile.

    It may be repeated, and ended at any time: rows and positions are of one transaction, so the sink goes on where it
    is. Exit code 1 when not all is filled in time.
    """
    settings = load_settings()
    dsn, stderr = endpoints(settings).database(DatabaseRole.OWNER), Terminal(stderr=True, soft_wrap=True)
    if not yes:
        typer.confirm(
            "All tables are emptied; queries and pages find nothing until they are filled. Go on?", abort=True
        )
    with suppress(HubError):
        # Of tables that are gone nothing can be said. A migration would change the digest.
        migrate(dsn)
        for table, (rows, digest) in digests(dsn).items():
            stderr.print(f"before  {table:<14} {rows:>12,} rows  {digest}", highlight=False)
    empty(dsn)
    if not _restart_sink(settings):
        stderr.print(
            f"{_PROCESS} does not run under this home: restart it, it reads from the beginning.", style="yellow"
        )
    if not _await_filled(settings, wait, stderr):
        stderr.print(f"Not all is filled after {wait:.0f} s. The sink goes on; see `credithub top`.", style="red")
        raise typer.Exit(1)
    filled = digests(dsn)
    if as_json:
        body = {table: {"rows": rows, "digest": digest} for table, (rows, digest) in filled.items()}
        typer.echo(json.dumps(body))
        return
    for table, (rows, digest) in filled.items():
        typer.echo(f"now     {table:<14} {rows:>12,} rows  {digest}")


def _restart_sink(settings: Settings) -> bool:
    """Have the supervisor start the sink anew: one that has nothing to write would not notice; whether it runs here."""
    pids = [process.pid for process in control.status(settings).processes if process.name == _PROCESS and process.pid]
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    return bool(pids)


def _await_filled(settings: Settings, wait_s: float, stderr: Console) -> bool:
    watch, deadline, number = OverviewWatch(settings, _LOOK_EVERY_S), time.monotonic() + wait_s, 0
    while time.monotonic() < deadline:
        number += 1
        arrows = watch.nth(number, _ANSWER_WITHIN_S).arrows
        arrow = next((arrow for arrow in arrows if arrow.arrow == POSTGRES), None)
        if arrow is None or arrow.problem:
            continue
        if not arrow.pending:
            return True
        stderr.print(f"{arrow.pending:,} messages wait", highlight=False)
    return False


def register(app: typer.Typer) -> None:
    """Add the group ``rebuild``."""
    app.add_typer(_rebuild, name="rebuild", rich_help_panel="Stack")
