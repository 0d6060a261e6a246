"""The published state of the stack: one file that is replaced as a whole, so that no reader sees half of it."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bus.crypto.private_files import written_beside

GOOD_STATES = ("healthy", "external", "done")
"""The states of a process that is there, whatever it says of itself."""


@dataclass(frozen=True, slots=True)
class ProcessStatus:
    """One process; times in seconds since the epoch, None where it has not happened."""

    name: str
    pid: int | None
    state: str
    """external, waiting, starting, healthy, unready, unhealthy, restarting, done, failed or stopped."""
    restarts: int
    started_at: float | None
    last_exit: str
    health: str
    address: str


@dataclass(frozen=True, slots=True)
class StackStatus:
    """The whole stack: ``phase`` is starting, ready, degraded, stopping, failed or stopped."""

    phase: str
    step: str
    """What is being done or waited for, in words for a person."""
    error: str
    remedy: str
    pid: int | None
    services_only: bool
    processes: tuple[ProcessStatus, ...]


STOPPED = StackStatus("stopped", "", "", "", None, False, ())


def write_private(file: Path, content: str, *, durable: bool = True) -> None:
    """Replace a file in one step; only its owner may read it."""
    with written_beside(file, content, durable=durable) as fresh:
        fresh.replace(file)


def write_json(file: Path, value: Any) -> None:
    """Replace a file by a value as JSON; only its owner may read it."""
    # It tells of this run of the machine, and is written at each change of a process.
    write_private(file, json.dumps(value, indent=1, ensure_ascii=False) + "\n", durable=False)


def write_status(file: Path, status: StackStatus) -> None:
    """Publish the status."""
    write_json(file, asdict(status))


def read_status(file: Path) -> StackStatus | None:
    """Return the published status; None when there is none."""
    try:
        raw = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return None
    processes = tuple(ProcessStatus(**process) for process in raw.pop("processes"))
    return StackStatus(**raw, processes=processes)
