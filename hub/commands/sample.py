"""``credithub sample``: a fictitious city to try the hub on."""

import json
import time
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, SpinnerColumn, TextColumn
from rich.table import Table

from catalogue.errors import UsageError
from hub.progress import progress_bar
from hub.terminal import Terminal


def sample(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write; must not exist or be empty.")],
    enterprises: Annotated[int, typer.Option("--enterprises", min=10, help="How many enterprises.")] = 2000,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same files.")] = 1,
    dirty: Annotated[float, typer.Option("--dirty", min=0, max=1, help="The share of rows with an error.")] = 0.0,
    as_of: Annotated[
        datetime, typer.Option("--as-of", formats=["%Y-%m-%d"], help="The data date of all files.")
    ] = datetime(2026, 6, 30),  # noqa: DTZ001
    as_json: Annotated[bool, typer.Option("--json", help="Print the list of files as JSON.")] = False,
) -> None:
    """Write fictitious files of all items, a folder per unit, as units send them."""
    from catalogue.load import load_catalogue
    from simulation.city import MANIFEST, write_city

    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is not an empty folder.", remedy="Name a new folder, or empty this one.")
    folder.mkdir(parents=True, exist_ok=True)
    catalogue = load_catalogue()
    started = time.monotonic()
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn())
    with progress_bar(*columns, silent=as_json) as progress:
        task = progress.add_task("sampling", total=len(catalogue.items))
        files = write_city(
            folder,
            enterprises=enterprises,
            seed=seed,
            dirty=dirty,
            as_of=as_of.date(),
            catalogue=catalogue,
            on_item=lambda item: progress.update(task, advance=1, description=item.id),
        )
    if as_json:
        rows = [{"file": f.file, "item": f.item, "rows": f.rows, "dirty_rows": f.dirty_rows} for f in files]
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    table = Table(box=None, pad_edge=False)
    for title in ("category", "items", "files", "rows", "dirty"):
        table.add_column(title, justify="left" if title == "category" else "right")
    for category in catalogue.categories:
        in_category = [f for f in files if f.item.startswith(category.id + ".")]
        table.add_row(
            category.zh, str(len({f.item for f in in_category})), str(len(in_category)),
            f"{sum(f.rows for f in in_category):,}", f"{sum(f.dirty_rows for f in in_category):,}",
        )  # fmt: skip
    table.add_row(
        "all", str(len({f.item for f in files})), str(len(files)),
        f"{sum(f.rows for f in files):,}", f"{sum(f.dirty_rows for f in files):,}",
    )  # fmt: skip
    Terminal(soft_wrap=True).print(table)
    typer.echo(f"Written to {folder} in {time.monotonic() - started:.1f} s; listed in {MANIFEST}.")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="Data")(sample)
