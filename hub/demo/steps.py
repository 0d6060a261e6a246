"""What every demonstration does: start the stack, and run the commands that an operator or a department would."""

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
from hub.processes import CREDITHUB, child_environment
from hub.progress import progress_bar
from hub.push_outcome import PushOutcome
from hub.settings import Settings
from hub.stack.progress import StackProgress

# A share of rows with the errors that real files have, so that there is something to explain.
_DIRTY = 0.002
_DELIVERED_WITHIN_S = 900


def fill_city(
    settings: Settings, console: Console, *, enterprises: int, seed: int
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Sample a city, start the stack, push all and wait; return the receipts and the reconciliation."""
    city = settings.home / "city"
    # Files of an earlier city would be pushed with this one's.
    shutil.rmtree(city, ignore_errors=True)
    size = ("--enterprises", str(enterprises), "--seed", str(seed), "--dirty", str(_DIRTY))
    sample = start_command(settings, "sample", str(city), *size, "--json")
    _start_stack(settings, console)
    files = json.loads(output_of(sample, "sample"))
    print_step(
        console, f"sampled {enterprises:,} enterprises: {len(files)} files, {sum(f['rows'] for f in files):,} rows"
    )
    begun = time.monotonic()
    receipts = list(_push_city(settings, city, len(files)))
    sent, took_s = sum(receipt["accepted"] for receipt in receipts), time.monotonic() - begun
    print_step(console, f"pushed {sent:,} events in {took_s:.0f} s ({sent / took_s:,.0f}/s); waiting for delivery")
    proof = reconciled(settings)
    print_step(console, f"merged, delivered and reconciled {time.monotonic() - begun:.0f} s after the first row")
    return receipts, proof


def reconciled(settings: Settings) -> dict[str, Any]:
    """Wait until nothing is on its way, and return what the reconciliation says."""
    reconcile = start_command(settings, "reconcile", "--wait", str(_DELIVERED_WITHIN_S), "--json")
    found: dict[str, Any] = json.loads(output_of(reconcile, "reconcile", allowed=(0, 1)))
    return found


def is_proved(proof: dict[str, Any]) -> bool:
    """Whether a reconciliation found no difference, and nothing on its way."""
    return bool(proof["difference"] == 0 and proof["pending"] == 0)


def start_command(settings: Settings, *arguments: str) -> "subprocess.Popen[str]":
    """Start a command of ours, whose output the caller reads."""
    # In its own folder, where no credithub.env of the user's is read.
    return subprocess.Popen(
        (*CREDITHUB, *arguments),
        cwd=settings.home,
        env=child_environment(settings),
        stdout=subprocess.PIPE,
        text=True,
    )


def run_command(settings: Settings, console: Console, *arguments: str) -> None:
    """Run a command, and print what it says; raises StackError when it fails."""
    output = output_of(start_command(settings, *arguments), " ".join(arguments))
    print_step(console, f"credithub {' '.join(arguments)}: {output.strip()}")


def output_of(process: "subprocess.Popen[str]", name: str, allowed: tuple[int, ...] = (0,)) -> str:
    """Wait for a command and return its output; raises StackError for an exit code that is not allowed."""
    output, _ = process.communicate()
    if process.returncode not in allowed:
        raise StackError(f"`credithub {name}` ended with {process.returncode}.", remedy="See its messages above.")
    return output


def print_step(console: Console, text: str) -> None:
    """Print a line at once, also into a file."""
    console.print(text, markup=False, highlight=False)
    sys.stdout.flush()


def _start_stack(settings: Settings, console: Console) -> None:
    """Start the embedded stack, and print how long that took."""
    begun = time.monotonic()
    with StackProgress(enabled=True) as display:
        hub.stack.start(settings, on_download=display.download, on_step=display.step)
    took_s = time.monotonic() - begun
    print_step(console, f"stack up after {took_s:.1f} s: Kafka, registry, PostgreSQL, worker, rater, sinks")


def _push_city(settings: Settings, city: Path, files: int) -> Iterator[dict[str, Any]]:
    """Push the city as a department's machine would, by the command, and yield the receipts as they come."""
    columns = (SpinnerColumn(), TextColumn("pushing {task.description}"), BarColumn(), MofNCompleteColumn())
    bars = progress_bar(*columns, TimeElapsedColumn())
    with start_command(settings, "push-dir", str(city), "--json") as process, bars as bar:
        assert process.stdout is not None
        task = bar.add_task("", total=files)
        for line in process.stdout:
            receipt = json.loads(line)
            bar.update(task, advance=1, description=receipt["item"])
            yield receipt
    # A city has rows whose subject is not known yet: they wait, and the exit code says so.
    if process.returncode not in (PushOutcome.ALL_TAKEN, PushOutcome.SOME_LEFT):
        raise HubError("The push failed.", remedy="See its messages above, and `credithub logs`.")
