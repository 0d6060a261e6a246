"""Whether a worker may be relied upon: alive, recovering, stale and current told apart, with the reason.

Pure but for the clock that it is given; the worker tells it what happens, ``/readyz`` asks it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

# Silence of this length is no progress.
WATCHDOG_S = 30.0
# What waits longer than this makes a state out of date.
STALE_S = 60.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """``state`` is alive, recovering, stale or current; only the last one is ready."""

    state: str
    reason: str

    @property
    def ready(self) -> bool:
        """Whether requests may rely on this worker."""
        return self.state == "current"


@dataclass(slots=True)
class Readiness:
    """What a worker knows of itself."""

    clock: Callable[[], float] = time.time
    assigned: int = 0
    refused: dict[int, str] = field(default_factory=dict)
    recovering: dict[int, str] = field(default_factory=dict)
    waiting_for: str = ""
    _progress_at: float = 0.0
    _heard_at: float = 0.0
    _oldest_at: float | None = None

    def progress(self) -> None:
        """Something was restored or merged."""
        self._progress_at = self._heard_at = self.clock()

    def begin(self, oldest_at: float) -> None:
        """A batch is being worked on, whose oldest event is of this time (seconds since the epoch)."""
        self._oldest_at = oldest_at

    def caught_up(self, heard_at: float) -> None:
        """Nothing waited when the broker was last heard, at this time."""
        self._heard_at = max(self._heard_at, heard_at)
        if heard_at > self._progress_at:
            self._progress_at, self._oldest_at = heard_at, None

    def restarted(self, numbers: int, refused: dict[int, str]) -> None:
        """A new assignment begins, of so many partition numbers."""
        self.assigned, self.refused = numbers, refused
        self.recovering, self.waiting_for = {}, ""
        self.progress()

    def verdict(self) -> Verdict:
        """Say how things stand now."""
        now = self.clock()
        silent = now - self._progress_at
        if self.refused:
            number, reason = next(iter(self.refused.items()))
            return Verdict("alive", f"partition {number} is not processed: {reason}")
        if not self.assigned:
            return Verdict("alive", "no partition is assigned")
        if self.recovering:
            number, what = next(iter(self.recovering.items()))
            told = f"partition {number}: {what}; {len(self.recovering)} of {self.assigned} to recover"
            return Verdict("recovering", f"no progress for {silent:.0f} s; {told}" if silent > WATCHDOG_S else told)
        if self.waiting_for:
            return Verdict("stale", self.waiting_for)
        if now - self._heard_at > WATCHDOG_S:
            return Verdict("stale", f"the broker has not answered for {now - self._heard_at:.0f} s")
        if silent > WATCHDOG_S:
            return Verdict("stale", f"no progress for {silent:.0f} s")
        if self._oldest_at is not None and now - self._oldest_at > STALE_S:
            return Verdict("stale", f"the oldest event being merged is {now - self._oldest_at:.0f} s old")
        return Verdict("current", "everything that was received is merged")
