"""Whether a worker may be relied upon: alive, recovering, stale, behind and current told apart, with the reason.

Pure but for the clock that it is given; the worker tells it what happens, ``/readyz`` asks it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from monitoring.health import HealthState, ProcessHealth
from monitoring.progress import Progress

# Silence of this length is no progress.
WATCHDOG_S = 30.0
# As long as a group may take to give a new member its partitions.
_JOINS_WITHIN_S = 30.0
# What waits longer than this makes a state out of date.
STALE_S = 60.0


@dataclass(slots=True)
class Readiness:
    """What a worker knows of itself."""

    clock: Callable[[], float] = time.time
    assigned: int = 0
    refused: dict[int, str] = field(default_factory=dict)
    recovering: dict[int, str] = field(default_factory=dict)
    waiting_for: str = ""
    progress_seen: Progress = field(default_factory=Progress)
    """What is measured from outside of the worker's loop."""
    _begun_at: float = field(init=False)
    _progress_at: float = 0.0
    _heard_at: float = 0.0
    _oldest_at: float | None = None

    def __post_init__(self) -> None:
        self._begun_at = self.clock()

    def progress(self) -> None:
        """Note that something was restored or processed."""
        self._progress_at = self._heard_at = self.clock()
        self.progress_seen.moved()

    def begin(self, oldest_at: float) -> None:
        """Note that a batch is worked on whose oldest event is of this time (seconds since the epoch)."""
        self._oldest_at = oldest_at

    def caught_up(self, heard_at: float) -> None:
        """Note that nothing waited when the broker was last heard, at this time."""
        self._heard_at = max(self._heard_at, heard_at)
        if heard_at > self._progress_at:
            self._progress_at, self._oldest_at = heard_at, None

    def restarted(self, partitions: int, refused: dict[int, str]) -> None:
        """A new assignment begins, of so many partitions."""
        self.assigned, self.refused = partitions, refused
        self.recovering, self.waiting_for = {}, ""
        self.progress()

    def verdict(self) -> ProcessHealth:
        """Say how things stand now."""
        now = self.clock()
        silent = now - self._progress_at
        if self.refused:
            partition, reason = next(iter(self.refused.items()))
            return ProcessHealth(HealthState.ALIVE, f"partition {partition} is not processed: {reason}")
        if not self.assigned:
            age_s = now - self._begun_at
            if age_s < _JOINS_WITHIN_S:
                return ProcessHealth(HealthState.ALIVE, f"started {age_s:.0f} s ago, no partition is assigned yet")
            return ProcessHealth(HealthState.ALIVE, "no partition is assigned")
        if self.recovering:
            partition, step = next(iter(self.recovering.items()))
            reason = f"partition {partition}: {step}; {len(self.recovering)} of {self.assigned} to recover"
            if silent > WATCHDOG_S:
                reason = f"no progress for {silent:.0f} s; {reason}"
            return ProcessHealth(HealthState.RECOVERING, reason)
        if self.waiting_for:
            return ProcessHealth(HealthState.STALE, self.waiting_for)
        if now - self._heard_at > WATCHDOG_S:
            return ProcessHealth(HealthState.STALE, f"the broker has not answered for {now - self._heard_at:.0f} s")
        if silent > WATCHDOG_S:
            return ProcessHealth(HealthState.STALE, f"no progress for {silent:.0f} s")
        if problem := self.progress_seen.problem():
            return ProcessHealth(HealthState.STALE, problem)
        if self._oldest_at is not None and now - self._oldest_at > STALE_S:
            return ProcessHealth(
                HealthState.BEHIND, f"the oldest event being processed is {now - self._oldest_at:.0f} s old"
            )
        return ProcessHealth(HealthState.CURRENT, "everything that was received is processed")
