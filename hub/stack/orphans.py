"""Processes that a killed supervisor left behind: found by what they are, never by a pid alone."""

import contextlib
import functools
import json
import time
from collections.abc import Iterable
from pathlib import Path

import psutil

from hub.stack.layout import HomeLayout
from hub.stack.status import write_json

# Set in the environment of every child, so that a child is recognised even when children.json is lost.
STACK_VARIABLE = "CREDITHUB_STACK"
_TERM_GRACE_S = 10.0


def birth(pid: int) -> str:
    """Return what distinguishes a process from every other one with its pid; raises psutil.NoSuchProcess.

    It is the boot and the clock ticks since then. A time of day would differ after each step of the clock, and a
    living supervisor would be taken for a dead one.
    """
    try:
        # proc(5): the 22nd field, counted behind the name, which may hold anything.
        ticks = Path(f"/proc/{pid}/stat").read_text("utf-8", errors="replace").rpartition(")")[2].split()[19]
    except FileNotFoundError:
        if Path("/proc/self/stat").exists():
            raise psutil.NoSuchProcess(pid) from None
        return f"{psutil.Process(pid).create_time():.2f}"
    except ProcessLookupError:
        raise psutil.NoSuchProcess(pid) from None
    return f"{_boot()}:{ticks}"


@functools.cache
def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text("utf-8").strip()


def same_process(pid: int, born: str) -> psutil.Process | None:
    """Return the process with this pid if it is the one that was recorded, and not a later one."""
    try:
        process = psutil.Process(pid)
        return process if process.status() != psutil.STATUS_ZOMBIE and birth(pid) == born else None
    except psutil.Error:
        return None


def record(file: Path, pids: dict[str, int]) -> None:
    """Write down the children with their start times."""
    rows = []
    for name, pid in pids.items():
        with contextlib.suppress(psutil.Error):
            rows.append({"name": name, "pid": pid, "born": birth(pid)})
    write_json(file, rows)


def find(layout: HomeLayout) -> list[psutil.Process]:
    """Return the living processes of this home's former supervisors.

    They are known by three traces: the recorded children; the variable in a process's environment; and for PostgreSQL,
    which overwrites its environment with its title, the working folder, which is its data folder.
    """
    orphans: dict[int, psutil.Process] = {}
    if layout.children_file.exists():
        for row in json.loads(layout.children_file.read_text("utf-8")):
            process = same_process(row["pid"], row.get("born", ""))
            if process is not None:
                orphans[process.pid] = process
    data = str(layout.postgres / "data")
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.cwd() == data or process.environ().get(STACK_VARIABLE) == str(layout.home):
                orphans[process.pid] = process
    own_process = psutil.Process()
    spared = {own_process.pid, *(parent.pid for parent in own_process.parents())}
    return [process for process in orphans.values() if process.pid not in spared]


def stop(processes: Iterable[psutil.Process], *, grace_s: float = _TERM_GRACE_S) -> None:
    """End processes: SIGTERM, and SIGKILL for those that are still alive after the grace period."""
    processes = list(processes)
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    _, alive = psutil.wait_procs(processes, timeout=grace_s)
    for process in alive:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, timeout=grace_s)


def wait_gone(process: psutil.Process, timeout_s: float) -> bool:
    """Wait for a process that is not our child to end; False when it did not."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        try:
            if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.05)
    return False
