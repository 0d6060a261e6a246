"""The console command ``credithub``."""

import logging
import os
import sys
from importlib.metadata import version
from typing import Annotated

import typer

from catalogue.errors import HubError
from hub import log_lines
from hub.terminal import Terminal

log = logging.getLogger(__name__)

app = typer.Typer(
    name="credithub",
    help="The event-streaming hub of a city's enterprise-credit data.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"credithub {version('credithub')}")
        raise typer.Exit


# With one command alone Typer would leave out its name, were there no callback.
@app.callback()
def _group(
    shown_version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None: ...


def main() -> None:
    """Run the command line; errors raised on purpose end with their message, remedy and exit code."""
    from hub import commands

    commands.register(app, sys.argv[1] if len(sys.argv) > 1 else None)
    try:
        app()
    except HubError as error:
        if log_lines.is_logged():
            log.critical("%s: %s", log_lines.ENDS, error)
            sys.exit(error.exit_code)
        console = Terminal(stderr=True, soft_wrap=True)
        console.print(f"error: {error.message}", style="bold red", markup=False, highlight=False)
        if error.remedy:
            console.print(f"  → {error.remedy}", markup=False, highlight=False)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
