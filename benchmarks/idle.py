"""A stack that has nothing to do: what each of its processes costs, and how soon it hears a single change.

Everything runs as ``credithub up`` runs it. The pause between two changes is long enough for the worker to be idle.
"""

import json
import random
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass

import psutil

from benchmarks.latency import Chain
from bus.users import ADMIN
from hub.demo.figures import quantile
from hub.settings import Settings, bus_config
from hub.stack.layout import HomeLayout

_SETTLED_AFTER_S, _MEASURED_S = 60.0, 120.0
# The services are other people's programs; of the hub's processes each is Python.
_SERVICES = ("kafka", "postgres", "registry")
CHANGES, _LEAST_PAUSE_S, _LONGEST_PAUSE_S = 30, 4.0, 7.0


@dataclass(frozen=True, slots=True)
class IdleProcess:
    """Processor time of a process that has nothing to do, as a share of one core."""

    name: str
    core_percent: float
    wakes_per_s: float

    @property
    def is_ours(self) -> bool:
        """Whether it is one of the hub's own."""
        return self.name not in _SERVICES


@dataclass(frozen=True, slots=True)
class SingleChanges:
    """Seconds from sending a change after silence to its arrival at each bank's client."""

    changes: int
    p50_s: float | None
    p99_s: float | None
    most_s: float | None


def processes(settings: Settings, say: Callable[[str], None], measured_s: float = _MEASURED_S) -> Iterator[IdleProcess]:
    """Yield what each process costs, once the start is over."""
    say(f"waiting {_SETTLED_AFTER_S:.0f} s, then measuring for {measured_s:.0f} s")
    time.sleep(_SETTLED_AFTER_S)
    layout = HomeLayout.of(settings)
    rows = json.loads(layout.children_file.read_text("utf-8"))
    running = {row["name"]: psutil.Process(row["pid"]) for row in rows}
    running["supervisor"] = psutil.Process(json.loads(layout.supervisor_file.read_text("utf-8"))["pid"])
    before, began = {name: _spent(process) for name, process in running.items()}, time.monotonic()
    time.sleep(measured_s)
    after, took_s = {name: _spent(process) for name, process in running.items()}, time.monotonic() - began
    for name, (cpu_s, wakes) in after.items():
        was_cpu_s, was_wakes = before[name]
        yield IdleProcess(name, 100 * (cpu_s - was_cpu_s) / took_s, (wakes - was_wakes) / took_s)


def changes(settings: Settings, say: Callable[[str], None], count: int = CHANGES) -> SingleChanges:
    """Send single changes some seconds apart, and return how long they took."""
    pauses = random.Random(count)
    seconds: list[float] = []
    with closing(Chain(bus_config(settings, ADMIN))) as chain:
        # The first of a topic and of a client takes longer.
        chain.send(1, None)
        chain.arrived()
        for number in range(count):
            time.sleep(pauses.uniform(_LEAST_PAUSE_S, _LONGEST_PAUSE_S))
            chain.send(1, None)
            seconds += chain.arrived()[1]
            say(f"  change {number + 1} after {max(seconds[-2:]):.2f} s")
    return SingleChanges(count, quantile(seconds, 0.5), quantile(seconds, 0.99), max(seconds))


def _spent(process: psutil.Process) -> tuple[float, int]:
    """Return seconds of processor time so far, and how often its threads slept."""
    times = process.cpu_times()
    sleeps = 0
    for thread in process.threads():
        try:
            with open(f"/proc/{process.pid}/task/{thread.id}/status", encoding="utf-8") as status:
                sleeps += next(int(line.split()[1]) for line in status if line.startswith("voluntary"))
        except OSError:
            continue
    return times.user + times.system, sleeps
