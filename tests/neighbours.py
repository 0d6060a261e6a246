"""``python -m tests.neighbours``: two hubs with default settings on one machine, started at once or nearly so.

In each try both are right, which is held from outside of what they say of themselves, or the second is refused with the
reason. Ten tries take an hour on a slow machine; ``--services-only`` leaves workers and sinks out.
"""

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import httpx
import psutil
import typer

from hub.processes import CREDITHUB, environment_without_settings
from hub.settings import load_settings
from hub.stack.orphans import STACK_VARIABLE
from hub.stack.ports import port_of

# How many seconds after the first the second is started, by try.
APART_S = (0.0, 1.0, 0.0, 2.0, 3.0, 5.0, 0.5, 7.0, 8.5, 10.0)
_UP_WITHIN_S, _DOWN_WITHIN_S = 1500.0, 200.0


@dataclass(frozen=True, slots=True)
class Hub:
    """One of the two: its home, and the downloads that both share."""

    home: Path
    cache: Path

    def command(self, *arguments: str, within_s: float = 120.0) -> "subprocess.CompletedProcess[str]":
        """Run a command of this hub with default settings."""
        own = {"CREDITHUB_HOME": str(self.home), "CREDITHUB_CACHE": str(self.cache)}
        return subprocess.run(
            (*CREDITHUB, *arguments),
            env={**environment_without_settings(), **own},
            cwd=self.home.parent,
            capture_output=True,
            text=True,
            timeout=within_s,
            check=False,
        )

    def up(self, after_s: float, *options: str) -> "subprocess.CompletedProcess[str]":
        """Start it, some seconds from now."""
        time.sleep(after_s)
        return self.command("up", *options, within_s=_UP_WITHIN_S)

    def status(self) -> tuple[int, dict[str, Any]]:
        """Return the exit code of `status`, and what it says; raises RuntimeError when it says nothing."""
        done = self.command("status", "--json")
        if not done.stdout:
            raise RuntimeError(f"status of {self.home.name} ended with {done.returncode}: {done.stderr}")
        return done.returncode, json.loads(done.stdout)


def side_by_side(folder: Path, cache: Path, apart_s: float, *options: str) -> list[str]:
    """Start two hubs, look at both, and stop them; return what is wrong, nothing when all is right."""
    hubs = [Hub(folder / name, cache) for name in ("first", "second")]
    try:
        with ThreadPoolExecutor() as pool:
            asked = [pool.submit(hub.up, apart_s * n, *options) for n, hub in enumerate(hubs)]
            answers = [question.result() for question in asked]
        return list(_faults(hubs, answers))
    finally:
        for hub in hubs:
            hub.command("down", "--purge", within_s=_DOWN_WITHIN_S)


def _faults(hubs: Sequence[Hub], answers: "Sequence[subprocess.CompletedProcess[str]]") -> Iterator[str]:
    running: dict[str, dict[str, Any]] = {}
    for hub, answer in zip(hubs, answers, strict=True):
        if answer.returncode == 0:
            code, running[hub.home.name] = hub.status()
            if code != 0:
                yield f"{hub.home.name}: `up` ended green, `status` with {code}: {running[hub.home.name]['step']}"
        elif "error: " not in answer.stderr or "→ " not in answer.stderr:
            yield f"{hub.home.name}: refused without a reason: {answer.stderr[-500:]}"
        else:
            print(f"  {hub.home.name} refused: {answer.stderr.strip()}", flush=True)
    if not running:
        yield "neither is up"
    addresses = [row["address"] for status in running.values() for row in status["processes"] if row["address"]]
    if len(addresses) != len(set(addresses)):
        yield f"two processes have one address: {sorted(addresses)}"
    for hub in hubs:
        for row in running.get(hub.home.name, {}).get("processes", ()):
            yield from (f"{hub.home.name}: {row['name']} {fault}" for fault in _faults_of(hub, row))


def _faults_of(hub: Hub, row: dict[str, Any]) -> Iterator[str]:
    """Yield what is wrong with a process, by the operating system and by its own answer."""
    if row["restarts"]:
        yield f"was started {row['restarts']} times again: {row['last_exit']}"
    if row["pid"] is None or not row["address"]:
        return
    process = psutil.Process(row["pid"])
    # PostgreSQL writes its title over its environment; it runs in its data folder.
    if str(hub.home) not in (process.environ().get(STACK_VARIABLE), str(Path(process.cwd()).parents[1])):
        yield f"is the process {row['pid']} of another home"
    listening = {c.laddr[1] for c in process.net_connections("tcp") if c.status == psutil.CONN_LISTEN}
    if port_of(row["address"]) not in listening:
        yield f"does not listen at {row['address']} itself"
    if row["address"].endswith("/metrics"):
        answer = httpx.get(row["address"].replace("/metrics", "/readyz"), timeout=30, trust_env=False).json()
        if (answer["home"], answer["process"], answer["pid"]) != (str(hub.home), row["name"], row["pid"]):
            yield f"is answered for by {answer}"


def main(
    tries: Annotated[int, typer.Option(min=1, max=len(APART_S), help="How many tries.")] = len(APART_S),
    first: Annotated[int, typer.Option(min=1, help="The number of the first try.")] = 1,
    services_only: Annotated[bool, typer.Option("--services-only", help="Without workers and sinks.")] = False,
) -> None:
    """Start two hubs side by side, again and again, and hold that both are right."""
    settings = load_settings()
    cache = (settings.stack.cache or settings.home / "cache").resolve()
    options = ("--services-only",) if services_only else ()
    failed = 0
    for number in range(first, min(first + tries, len(APART_S) + 1)):
        folder = Path(tempfile.mkdtemp(prefix="credithub-neighbours-"))
        begun = time.monotonic()
        faults = side_by_side(folder, cache, APART_S[number - 1], *options)
        took_s = time.monotonic() - begun
        verdict = "; ".join(faults) or "right"
        print(f"try {number}, {APART_S[number - 1]:.1f} s apart, {took_s:.0f} s: {verdict}", flush=True)
        failed += bool(faults)
        if not faults:
            shutil.rmtree(folder)
    raise SystemExit(failed)


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
app.command()(main)

if __name__ == "__main__":
    app()
