"""``python -m tests.canaries``: canaries in a whole hub, and nowhere but where they may be. See `make canaries`."""

import json
import shutil
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer

from hub.settings import load_settings
from tests.canaries import report
from tests.canaries.controls import failed_controls, unplanted
from tests.canaries.places import Ledger
from tests.canaries.planted import plant_everything
from tests.canaries.search import Finder
from tests.canaries.stage import Stage

_MOST_SHOWN = 40
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    seed: Annotated[int, typer.Option(help="The same seed plants the same canaries.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON; progress goes to stderr.")] = False,
    keep: Annotated[bool, typer.Option(help="Leave the hub's home behind, and say where.")] = False,
) -> None:
    """Run a hub of its own with canaries in all that is not public, and look for them wherever anything is written.

    Exit code 1 when one is where it has no right, or when what must be found is not found.
    """
    begun_s = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="credithub-canaries-"))

    def say(text: str) -> None:
        typer.echo(f"{time.monotonic() - begun_s:4.0f} s  {text}", err=as_json)

    try:
        planted = plant_everything(folder / "departments", seed)
        canaries, world = planted.canaries, planted.world
        finder = Finder(canaries)
        say(f"{len(canaries):,} canaries in {planted.rows:,} rows and beside them, {finder.forms:,} forms of them")
        failed = [*unplanted(folder / "departments", canaries, finder)]
        ledger = Ledger(finder, world)
        Stage(folder, load_settings(), planted, ledger, say).play()
    finally:
        if keep:
            say(f"left behind: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    failed += failed_controls(canaries, ledger, world)
    leaks = [*ledger.wrong()]
    if as_json:
        typer.echo(json.dumps(report.as_json(ledger, canaries, failed, time.monotonic() - begun_s)))
    else:
        for leak in leaks[:_MOST_SHOWN]:
            typer.echo(f"LEAK: {leak}")
        for one in failed:
            typer.echo(f"BLIND: {one}")
        for line in report.lines(ledger, canaries):
            typer.echo(line)
    raise typer.Exit(1 if leaks or failed else 0)


if __name__ == "__main__":
    app()
