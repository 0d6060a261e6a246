"""One contender's run as a process of its own: its time, its processor time, its memory; and the machine it ran on."""

import os
import platform
import shutil
import statistics
import subprocess
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

import hub.stack
from hub.settings import Settings, exact_settings, load_settings


@dataclass(frozen=True, slots=True)
class Result:
    """A line of ``results/latest.json``."""

    contender: str
    round: int
    events: int
    events_per_s: float
    cpu_us_per_event: float
    peak_mb: float

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Ended:
    """What a process cost: seconds of wall and processor time (its children's too), and its peak resident megabytes."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    out: str


def run(command: Sequence[str], environment: Mapping[str, str], folder: Path, *, patience_s: float = 1800.0) -> Ended:
    """Run a command to its end and return what it cost. Raises RuntimeError when it fails, or does not end in time."""
    began = time.monotonic()
    log = folder / "contender.log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            command, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=errors, cwd=folder
        )
        assert process.stdout is not None
        too_long = threading.Timer(patience_s, process.kill)
        too_long.start()
        out = process.stdout.read().decode()
        _, status, usage = os.wait4(process.pid, 0)
        too_long.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - began
    if process.returncode != 0:
        raise RuntimeError(f"{command[0]} … ended with {process.returncode}: {log.read_text()[-2000:]}")
    return Ended(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, out)


def own_settings() -> Settings:
    """Return the settings of the benchmarks' own stack, whose home is emptied."""
    outer = load_settings()
    settings = exact_settings(
        home=(outer.home / "bench").resolve(),
        cache=(outer.stack.cache or outer.home / "cache").resolve(),
        jar_repository=outer.stack.jar_repository,
    )
    discard(settings)
    settings.home.mkdir(parents=True, exist_ok=True)
    return settings


def discard(settings: Settings) -> None:
    """Stop the benchmarks' own stack and delete its home, with the tables and answers that the races left in it."""
    hub.stack.stop(settings, purge=True)
    shutil.rmtree(settings.home, ignore_errors=True)


def machine() -> str:
    """Return a line on the machine and what else it does at this moment."""
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    psutil.cpu_percent(None)
    time.sleep(2.0)
    busy = psutil.cpu_percent(None)
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{os.cpu_count()} cores of {model}, {memory:.0f} GiB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, {_additions_s():.2f} s of processor time for ten million additions in a"
        f" loop; before the run {busy:.0f} % busy, load {os.getloadavg()[0]:.2f}"
    )


def _additions_s() -> float:
    """Return what a loop of a fixed length takes: by it the processor times of two machines are compared."""
    began_s, total = time.process_time(), 0
    for number in range(10_000_000):
        total += number
    return time.process_time() - began_s


def spread(values: Iterable[float]) -> tuple[float, float, float]:
    """Return (median, least, most)."""
    ordered = sorted(values)
    return statistics.median(ordered), ordered[0], ordered[-1]
