"""The steps of the demonstration: the commands that an operator and a department would run, one after the other."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn

import hub.stack
from catalogue.errors import HubError, StackError
from hub.demo.figures import gather_figures
from hub.demo.lists import show_lists
from hub.demo.ratings import show_ratings
from hub.demo.report import figures_table
from hub.processes import CREDITHUB, child_environment
from hub.progress import progress_bar
from hub.push_outcome import PushOutcome
from hub.recipients_folder import banks_of
from hub.settings import Settings
from hub.stack.progress import StackProgress
from hub.view import view_of

# A share of rows with the errors that real files have, so that there is something to explain.
_DIRTY = 0.002
_DELIVERED_WITHIN_S = 900


def run_demo(settings: Settings, console: Console, *, enterprises: int, seed: int) -> bool:
    """Sample a city, push it, wait, reconcile, show figures and ratings; return whether nothing is missing."""
    city = settings.home / "city"
    # Files of an earlier city would be pushed with this one's.
    shutil.rmtree(city, ignore_errors=True)
    sample = _start(settings, "sample", str(city), "--enterprises", str(enterprises), "--seed", str(seed),
                    "--dirty", str(_DIRTY), "--json")  # fmt: skip
    _start_stack(settings, console)
    files = json.loads(_output_of(sample, "sample"))
    _print_step(
        console, f"sampled {enterprises:,} enterprises: {len(files)} files, {sum(f['rows'] for f in files):,} rows"
    )
    begun = time.monotonic()
    receipts = list(_push(settings, city, len(files)))
    sent, took_s = sum(receipt["accepted"] for receipt in receipts), time.monotonic() - begun
    _print_step(console, f"pushed {sent:,} events in {took_s:.0f} s ({sent / took_s:,.0f}/s); waiting for delivery")
    reconcile = _start(settings, "reconcile", "--wait", str(_DELIVERED_WITHIN_S), "--json")
    proof = json.loads(_output_of(reconcile, "reconcile", allowed=(0, 1)))
    _print_step(console, f"merged, delivered and reconciled {time.monotonic() - begun:.0f} s after the first row")
    view = view_of(settings)
    figures = gather_figures(view, banks_of(settings), receipts)
    console.print(figures_table(console, figures))
    # No month has begun since this city was pushed.
    is_rated = show_ratings(view, console, lambda: _run(settings, console, "rating", "reference", "make"))
    show_lists(view, console)
    items = len({receipt["item"] for receipt in receipts})
    console.print(f"{items} of {len(view.catalogue.items)} items; pending {proof['pending']}", highlight=False)
    console.print(f"difference {proof['difference']}", style="bold", highlight=False)
    is_proved = proof["difference"] == 0 and proof["pending"] == 0
    return is_proved and is_rated and items == len(view.catalogue.items)


def _start_stack(settings: Settings, console: Console) -> None:
    begun = time.monotonic()
    with StackProgress(enabled=True) as display:
        hub.stack.start(settings, on_download=display.download, on_step=display.step)
    took_s = time.monotonic() - begun
    _print_step(console, f"stack up after {took_s:.1f} s: Kafka, registry, PostgreSQL, worker, rater, sinks")


def _push(settings: Settings, city: Path, files: int) -> Iterator[dict[str, Any]]:
    """Push the city as a department's machine would, by the command, and yield the receipts as they come."""
    columns = (SpinnerColumn(), TextColumn("pushing {task.description}"), BarColumn(), MofNCompleteColumn())
    process = _start(settings, "push-dir", str(city), "--json")
    assert process.stdout is not None
    with progress_bar(*columns, TimeElapsedColumn()) as bar:
        task = bar.add_task("", total=files)
        for line in process.stdout:
            receipt = json.loads(line)
            bar.update(task, advance=1, description=receipt["item"])
            yield receipt
    # A city has rows whose subject is not known yet: they wait, and the exit code says so.
    if process.wait() not in (PushOutcome.ALL_TAKEN, PushOutcome.SOME_LEFT):
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


def _run(settings: Settings, console: Console, *arguments: str) -> None:
    output = _output_of(_start(settings, *arguments), " ".join(arguments))
    _print_step(console, f"credithub {' '.join(arguments)}: {output.strip()}")


def _output_of(process: "subprocess.Popen[str]", name: str, allowed: tuple[int, ...] = (0,)) -> str:
    output, _ = process.communicate()
    if process.returncode not in allowed:
        raise StackError(f"`credithub {name}` ended with {process.returncode}.", remedy="See its messages above.")
    return output


def _print_step(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False)
    sys.stdout.flush()
