"""``credithub demo``: the main job on a fictitious city, from the departments' files to the banks' topics."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from catalogue.errors import HubError, StackError
from catalogue.load import load_catalogue
from hub.processes import CREDITHUB, child_environment
from hub.settings import Settings, bus_config, endpoints, exact_settings, load_settings

# A share of rows with the errors that real files have, so that there is something to explain.
_DIRTY = 0.002
_DELIVERED_WITHIN_S = 900


def demo(
    enterprises: Annotated[int, typer.Option(min=10, help="Enterprises of the fictitious city.")] = 2000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same city.")] = 1,
    stay: Annotated[bool, typer.Option("--stay", help="Leave everything running at the end.")] = False,
) -> None:
    """Start a stack of its own, sample a city, push all 68 items, wait for delivery, reconcile, show the figures.

    Exit code 1 when anything is lost, doubled or not delivered. Only <home>/demo is touched, and emptied first.
    """
    import hub.stack

    outer = load_settings()
    # Never a Kafka that the settings name: the sample is fictitious, and must not reach a real one.
    settings = exact_settings(
        home=(outer.home / "demo").resolve(),
        cache=(outer.stack.cache or outer.home / "cache").resolve(),
        jar_repository=outer.stack.jar_repository,
        workers=max(1, outer.processes.workers),
    )
    console, begun = Console(soft_wrap=True), time.monotonic()
    hub.stack.stop(settings, purge=True)
    settings.home.mkdir(parents=True, exist_ok=True)
    try:
        code = _run(settings, console, enterprises, seed)
    except BaseException:
        if not stay:
            hub.stack.stop(settings)
        raise
    console.print(f"\ndone in {time.monotonic() - begun:.0f} s", highlight=False)
    _next(console, settings, running=stay)
    if not stay:
        hub.stack.stop(settings)
    raise typer.Exit(code)


def _run(settings: Settings, console: Console, enterprises: int, seed: int) -> int:
    from hub.demo.figures import gather
    from sinks.banks.recipients import bank_ids

    city = settings.home / "city"
    sample = _start(settings, "sample", str(city), "--enterprises", str(enterprises), "--seed", str(seed),
                    "--dirty", str(_DIRTY), "--json")  # fmt: skip
    _stack(settings, console)
    files = json.loads(_finish(sample, "sample"))
    _say(console, f"sampled {enterprises:,} enterprises: {len(files)} files, {sum(f['rows'] for f in files):,} rows")
    since = time.monotonic()
    receipts = list(_pushed(settings, city, len(files)))
    sent = sum(r["accepted"] for r in receipts)
    took = time.monotonic() - since
    _say(console, f"pushed {sent:,} events in {took:.0f} s ({sent / took:,.0f}/s); waiting for delivery")
    proof = json.loads(_finish(_start(settings, "reconcile", "--wait", str(_DELIVERED_WITHIN_S), "--json"), "reconcile",
                               allowed=(0, 1)))  # fmt: skip
    _say(console, f"merged, delivered and reconciled {time.monotonic() - since:.0f} s after the first row")
    catalogue = load_catalogue()
    figures = gather(bus_config(settings), endpoints(settings).postgres_dsn, catalogue, bank_ids(), receipts)
    _table(console, figures)
    items = len({r["item"] for r in receipts})
    console.print(f"{items} of {len(catalogue.items)} items; pending {proof['pending']}", highlight=False)
    console.print(f"difference {proof['difference']}", style="bold", highlight=False)
    whole = proof["difference"] == 0 and proof["pending"] == 0 and items == len(catalogue.items)
    return 0 if whole else 1


def _stack(settings: Settings, console: Console) -> None:
    import hub.stack
    from hub.stack.progress import StackProgress

    since = time.monotonic()
    with StackProgress(enabled=True) as display:
        hub.stack.start(settings, on_download=display.download, on_step=display.step)
    _say(console, f"stack up after {time.monotonic() - since:.1f} s: Kafka, registry, PostgreSQL, worker, sinks")


def _pushed(settings: Settings, city: Path, files: int) -> Iterator[dict[str, Any]]:
    """Push the city as a department's machine would, by the command, and yield the receipts as they come."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("pushing {task.description}"), BarColumn(), MofNCompleteColumn())
    process = _start(settings, "push-dir", str(city), "--json")
    assert process.stdout is not None
    with Progress(
        *columns, TimeElapsedColumn(), console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("", total=files)
        for line in process.stdout:
            receipt = json.loads(line)
            bar.update(task, advance=1, description=receipt["item"])
            yield receipt
    if process.wait() != 0:
        raise HubError("The push failed.", remedy="See its messages above, and `credithub logs`.")


def _start(settings: Settings, *arguments: str) -> "subprocess.Popen[str]":
    # In its own folder, where no credithub.env of the user's is read.
    return subprocess.Popen(
        (*CREDITHUB, *arguments),
        cwd=settings.home,
        env=child_environment(settings),
        stdout=subprocess.PIPE,
        text=True,
    )


def _finish(process: "subprocess.Popen[str]", name: str, allowed: tuple[int, ...] = (0,)) -> str:
    out, _ = process.communicate()
    if process.returncode not in allowed:
        raise StackError(f"`credithub {name}` ended with {process.returncode}.", remedy="See its messages above.")
    return out


def _table(console: Console, figures: Mapping[str, Any]) -> None:
    from hub.demo.figures import quantile

    if not console.is_terminal:
        console.width = 200
    table = Table(box=None, pad_edge=False)
    titles = ("category", "in", "rejected", "states", "receipts", "to banks", "p50 s", "p99 s", "commonest reason")
    for title in titles:
        table.add_column(title, justify="left" if title in ("category", "commonest reason") else "right")
    for own in figures.values():
        p50, p99 = quantile(own.latencies_s, 0.5), quantile(own.latencies_s, 0.99)
        reason = own.rejected.most_common(1)
        table.add_row(
            own.zh, f"{own.rows:,}", f"{own.rejected_rows:,}",
            f"{own.states:,}" + (f" + {own.persons:,} persons" if own.persons else ""),
            f"{own.receipts:,}", f"{own.bank_changes:,}",
            "" if p50 is None else f"{p50:.2f}", "" if p99 is None else f"{p99:.2f}",
            reason[0][0] if reason else "",
        )  # fmt: skip
    every = list(figures.values())
    latencies = [value for own in every for value in own.latencies_s]
    table.add_row(
        "all", f"{sum(f.rows for f in every):,}", f"{sum(f.rejected_rows for f in every):,}", "",
        f"{sum(f.receipts for f in every):,}", f"{sum(f.bank_changes for f in every):,}",
        f"{quantile(latencies, 0.5) or 0:.2f}", f"{quantile(latencies, 0.99) or 0:.2f}", "",
        style="bold",
    )  # fmt: skip
    console.print(table)


def _next(console: Console, settings: Settings, *, running: bool) -> None:
    from connectors import postgres

    with postgres.snapshot(endpoints(settings).postgres_dsn) as connection, connection.cursor() as cursor:
        cursor.execute("select subject from credit_state order by sequence desc, subject limit 1")
        row = cursor.fetchone()
    subject = row[0] if row else ""
    console.print(f"\nTry next, with `export CREDITHUB_HOME={settings.home}`"
                  + ("" if running else " and `credithub up`") + ":", highlight=False)  # fmt: skip
    for command in (
        f"credithub state {subject}",
        f"credithub explain {subject} penalties_12m",
        "credithub watch bank.yinhe --from-beginning --limit 5",
        "credithub reconcile",
        "credithub status",
    ):
        console.print(f"  {command}", markup=False, highlight=False)
    if running:
        console.print("It keeps running; stop it with `credithub down`.", highlight=False)


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False)
    sys.stdout.flush()


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="Stack")(demo)
