"""What size does to the merge: subjects from ten thousand to a million, records per subject from ten to a thousand.

For each size a worker merges all of it; it is killed and started again (warm restart), merges new records of subjects
drawn at random, then the calendar goes on by so many days that nearly every subject has something due on one of
them, and, for the largest number of subjects, starts once more without its store (cold recovery). The
worker is the hub's own, with one processing thread and all partition numbers.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import psutil

from benchmarks.measured import run
from benchmarks.merge import wait_for_positions
from benchmarks.peers import hub_worker
from benchmarks.peers.job import peak_mb
from benchmarks.prepared import delete_topics, environment_of, prepared
from bus.avro.registry import Registry
from bus.business_date import publish_business_date, today
from bus.config import BusConfig
from bus.users import ADMIN
from catalogue.load import load_catalogue
from hub.settings import Settings, bus_config
from hub.stack.layout import HomeLayout
from proofs.reconcile.lag import Lag, wait_until_nothing_waits
from proofs.reconcile.proof import ProofScope

# (subjects, records per subject)
SIZES = ((10_000, 10), (100_000, 10), (1_000_000, 10), (10_000, 100), (10_000, 1000))
MEASURED = 100_000
# Records of a subject are 30 days apart, and leave a window of three months or a year.
DAYS = 40
# Subjects from which on the recovery without a store is measured.
COLD_FROM = 1_000_000
_PATIENCE_S = 3600.0
_METRICS_PORT = 19400


@dataclass(frozen=True, slots=True)
class Size:
    """What was measured of one size; rates are of events, of restored records for ``cold_records_per_s``.

    ``rolled_s``: None where it was measured before there was a calendar in it.
    """

    subjects: int
    records_per_subject: int
    load_events_per_s: float
    events_per_s: float
    cpu_us_per_event: float
    rolled_s: float | None
    peak_mb: float
    store_mb: float
    topics_mb: float
    warm_restart_s: float
    cold_recovery_s: float | None
    cold_records_per_s: float | None


def measure(settings: Settings, sizes: Iterable[tuple[int, int]], say: Callable[[str], None]) -> Iterator[Size]:
    """Yield each of these sizes, as (subjects, records per subject)."""
    for number, (subjects, each) in enumerate(sizes):
        say(f"{subjects:,} subjects with {each:,} records each")
        yield _size(settings, number, subjects, each, say, cold=subjects >= COLD_FROM)


def _size(settings: Settings, number: int, subjects: int, each: int, say: Callable[[str], None], *, cold: bool) -> Size:
    own = prepared(settings, f"scale{number}.", metrics_port=_METRICS_PORT)
    config, folder = bus_config(own, ADMIN), own.home
    total = subjects * each
    _fill(own, subjects, 0, each)
    say("  merging them")
    with _worker(own, folder) as worker:
        passed_at = _passed(config, total, worker)
        load = total / (passed_at - _first(folder)["at"])
        peak = peak_mb(worker.pid)
        worker.kill()
        worker.wait()
    with _worker(own, folder) as worker:
        warm = _until_current(worker, own)
        peak = max(peak, peak_mb(worker.pid))
    _fill(own, subjects, MEASURED)
    say(f"  merging {MEASURED:,} more")
    with _worker(own, folder) as worker:
        passed_at = _passed(config, total + MEASURED, worker)
        used, first = psutil.Process(worker.pid).cpu_times(), _first(folder)
        rate = MEASURED / (passed_at - first["at"])
        cpu = (used.user + used.system - first["cpu_s"]) / MEASURED * 1e6
        say(f"  going on by {DAYS} days")
        rolled = _roll(config, worker)
        peak = max(peak, peak_mb(worker.pid))
    logs = (HomeLayout.of(settings).kafka / "data").glob(f"{config.topic_prefix}*/*.log")
    held = sum(file.stat().st_size for file in logs) / 2**20
    stores = own.home / "streams"
    size = sum(file.stat().st_size for file in stores.rglob("*") if file.is_file()) / 2**20
    recovery = restored = None
    if cold:
        say("  recovering without a store")
        shutil.rmtree(stores)
        with _worker(own, folder) as worker:
            recovery = _until_current(worker, own)
            restored = _restored(own) / recovery
            peak = max(peak, peak_mb(worker.pid))
    shutil.rmtree(folder)
    delete_topics(config)
    return Size(subjects, each, load, rate, cpu, rolled, peak, size, held, warm, recovery, restored)


def _fill(settings: Settings, subjects: int, *numbers: int) -> None:
    command = (sys.executable, "-m", "benchmarks.scale_input", *map(str, (subjects, *numbers)))
    run(command, environment_of(settings), settings.home, patience_s=_PATIENCE_S)


@contextmanager
def _worker(settings: Settings, folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    (folder / hub_worker.FIRST).unlink(missing_ok=True)
    command = (sys.executable, "-P", "-m", hub_worker.__name__, str(folder), "worker",
               "--metrics-port", str(settings.processes.metrics_port))  # fmt: skip
    with (folder / "worker.log").open("ab") as log:
        worker = subprocess.Popen(
            command, env={**os.environ, **environment_of(settings)}, cwd=folder, stdout=log, stderr=log
        )
    try:
        yield worker
    finally:
        worker.terminate()
        worker.wait(120)


def _first(folder: Path) -> dict[str, float]:
    found: dict[str, float] = json.loads((folder / hub_worker.FIRST).read_text("utf-8"))
    return found


def _passed(config: BusConfig, events: int, worker: "subprocess.Popen[bytes]") -> float:
    """Return when the worker had merged so many events."""
    wait_for_positions(config, events, lambda: worker.poll() is None, _PATIENCE_S)
    return time.monotonic()


def _roll(config: BusConfig, worker: "subprocess.Popen[bytes]") -> float:
    """Return how many seconds it took until all numbers had gone on to a later day."""

    def say(_: str) -> None:
        if worker.poll() is not None:
            raise RuntimeError("the worker ended before it had gone on to the later day")

    began = time.monotonic()
    publish_business_date(config, today() + timedelta(days=DAYS))
    scope = ProofScope.of_the_merge(load_catalogue())
    with closing(Registry(config)) as registry:
        if not wait_until_nothing_waits(lambda: Lag(config, scope, registry), _PATIENCE_S, say):
            raise RuntimeError("the worker did not go on to the later day")
    return time.monotonic() - began


def _until_current(worker: "subprocess.Popen[bytes]", settings: Settings) -> float:
    """Return how long a worker took, from its start as a process, until it was current."""
    began = psutil.Process(worker.pid).create_time()
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline and worker.poll() is None:
        try:
            if httpx.get(f"http://127.0.0.1:{settings.processes.metrics_port}/readyz", timeout=5).status_code == 200:
                return time.time() - began
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise RuntimeError("the worker did not become current")


def _restored(settings: Settings) -> float:
    lines = httpx.get(f"http://127.0.0.1:{settings.processes.metrics_port}/metrics", timeout=10).text.splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith("credithub_restored_records_total{"))
