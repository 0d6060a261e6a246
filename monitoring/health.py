"""What a process says of itself: whether it may be relied upon, and why not."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum


class HealthState(StrEnum):
    """How far a process is from what it is for; ``/readyz`` answers 200 for the last one alone."""

    ALIVE = "alive"  # it runs, and has nothing that it may work on
    RECOVERING = "recovering"  # it fills its store, or opens its receiver
    STALE = "stale"  # it does not move: it holds because its receiver is away, or waits for something
    DIFFERENT = "difference"  # it works, and found that something was lost, doubled or altered
    BEHIND = "behind"  # it moves, and what it works on is old
    CURRENT = "current"  # it has handled what it received


@dataclass(frozen=True, slots=True)
class ProcessHealth:
    """The state of a process, with the reason in words for the operator."""

    state: HealthState
    reason: str

    @property
    def ready(self) -> bool:
        """Whether others may rely on the process."""
        return self.state is HealthState.CURRENT


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """Which process of which hub this is: the absolute path of its home, its name in `credithub status`, its pid."""

    home: str
    name: str
    pid: int = field(default_factory=os.getpid)


def worse_of(one: ProcessHealth, other: ProcessHealth) -> ProcessHealth:
    """Return the health of a process with two parts: that of the one that may not be relied upon."""
    return other if one.ready else one


# What ``monitoring.serving.serve`` asks at every probe, from a thread of its own; it must not block.
HealthCheck = Callable[[], ProcessHealth]


def always_ready() -> ProcessHealth:
    """Return the health of a process that is ready as soon as it runs."""
    return ProcessHealth(HealthState.CURRENT, "")
