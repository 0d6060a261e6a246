"""Runs of the hub's own merge and release until they have passed what came, with what they cost."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks import release_process
from benchmarks.measured import run
from benchmarks.merge import start_worker, wait_for_positions
from benchmarks.peers import hub_worker
from benchmarks.peers.job import peak_mb
from benchmarks.prepared import environment_of
from bus import topics
from bus.reading.scan import scan
from bus.users import ADMIN
from hub.settings import Settings, bus_config

PATIENCE_S = 3600.0


def run_module(own: Settings, module: str, *arguments: object) -> None:
    """Run a module that fills topics, to its end."""
    command = (sys.executable, "-m", module, *map(str, arguments))
    run(command, environment_of(own), own.home, patience_s=PATIENCE_S)


def changes(own: Settings) -> int:
    """Return how many changes were published."""
    return sum(1 for _ in scan(bus_config(own, ADMIN), topics.CHANGE))


def merged(own: Settings, name: str, events: int) -> tuple[float, float]:
    """Have all events merged; return for how long, of wall and of processor time, since the first batch."""
    folder = own.home / f"merge-{name}"
    worker = start_worker(own, folder)
    try:
        wait_for_positions(bus_config(own, ADMIN), events, lambda: worker.poll() is None, PATIENCE_S)
        ended, cpu = time.monotonic(), psutil.Process(worker.pid).cpu_times()
    finally:
        worker.terminate()
        worker.wait(60)
    first = json.loads((folder / hub_worker.FIRST).read_text("utf-8"))
    return ended - first["at"], cpu.user + cpu.system - first["cpu_s"]


@dataclass(slots=True)
class ReleaseRun:
    """A running release."""

    own: Settings
    process: "subprocess.Popen[bytes]"
    folder: Path
    ended: float = 0.0

    def wait(self, changes: int, acts: int) -> None:
        """Wait until its positions have passed so many changes, and so many acts of consents.

        It takes both as they come: changes may be passed while consents still wait.
        """
        wait_for_positions(
            bus_config(self.own, ADMIN), changes + acts, lambda: self.process.poll() is None, PATIENCE_S,
            positions=topics.RELEASE_POSITION, counts=lambda topic: topic in (topics.CHANGE, topics.CONSENT),
        )  # fmt: skip
        self.ended = time.monotonic()

    def peak_mb(self) -> float:
        """Return the most memory that it had so far."""
        return peak_mb(self.process.pid)

    def spent(self) -> tuple[float, float, float, float]:
        """Return wall, processor and audit seconds since the first batch, and the most memory."""
        cpu = psutil.Process(self.process.pid).cpu_times()
        # What the process notes now and then is noted once more.
        time.sleep(2 * release_process.EVERY_S)
        first = json.loads((self.folder / release_process.FIRST).read_text("utf-8"))
        audit = json.loads((self.folder / release_process.AUDIT).read_text("utf-8"))
        spent_s = cpu.user + cpu.system - first["cpu_s"]
        return self.ended - first["at"], spent_s, audit["audit_s"], self.peak_mb()


@contextmanager
def release(own: Settings, name: str) -> Iterator[ReleaseRun]:
    """Run the release until the end of the block; ``name`` names its folder."""
    folder = own.home / f"release-{name}"
    folder.mkdir()
    command = (sys.executable, "-P", "-m", release_process.__name__, str(folder), "release", "--index", "0")
    with (folder / "release.log").open("wb") as log:
        process = subprocess.Popen(
            command, env={**os.environ, **environment_of(own)}, cwd=folder, stdout=log, stderr=log
        )
    try:
        yield ReleaseRun(own, process, folder)
    finally:
        process.terminate()
        process.wait(120)
