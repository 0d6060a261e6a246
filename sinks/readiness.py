"""Whether a sink may be relied upon: whether it is opening, holding, behind or current, with the reason.

Pure but for the clock that it is given. The runner tells it what happens, ``/readyz`` asks it from another thread.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from monitoring.health import HealthState, ProcessHealth
from monitoring.progress import Progress

DEFAULT_BEHIND_S = 60.0


@dataclass(slots=True)
class SinkReadiness:
    """What a sink knows of itself; ready when it has opened, holds nothing, and is not ``behind_s`` behind.

    To call it is a ``monitoring.health.HealthCheck``.
    """

    behind_s: float = DEFAULT_BEHIND_S
    clock: Callable[[], float] = time.time
    progress: Progress = field(default_factory=Progress)
    """What is measured from outside of the sink's loop."""
    _opening: str = "it has not opened yet"
    _holding_because: str = ""
    _oldest_at: float | None = None

    def opened(self) -> None:
        """The sink knows its positions; its first partition may still be on the way."""
        self._opening, self._holding_because = "no partition is assigned yet", ""

    def holds(self, reason: str) -> None:
        """Something is away, so nothing is delivered."""
        self._holding_because = reason

    def resumed(self) -> None:
        """What was away is back."""
        self._holding_because = ""

    def works_on(self, oldest_at: float) -> None:
        """A batch is under way whose oldest message is of this time, in seconds since the epoch."""
        self._opening, self._oldest_at = "", oldest_at

    def caught_up(self) -> None:
        """Nothing waits to be delivered."""
        self._opening, self._oldest_at = "", None

    def __call__(self) -> ProcessHealth:
        """Return the sink's health now."""
        oldest_at = self._oldest_at
        if self._opening:
            return ProcessHealth(HealthState.RECOVERING, f"opening: {self._holding_because or self._opening}")
        if self._holding_because:
            holding = f"holding: {self._holding_because}"
            if self.progress.waits_for:
                holding = f"{holding.rstrip('.')}; {self.progress.waits_for}"
            return ProcessHealth(HealthState.STALE, holding)
        if problem := self.progress.problem():
            return ProcessHealth(HealthState.STALE, problem)
        if oldest_at is not None and (age_s := self.clock() - oldest_at) > self.behind_s:
            return ProcessHealth(HealthState.BEHIND, f"the oldest message being delivered is {age_s:.0f} s old")
        return ProcessHealth(HealthState.CURRENT, "everything that was received is delivered")
