"""Whether a stage moves while something waits for it. Pure but for the clock that it is given.

Told from outside of what may hang: ``bus.reading.lag_watch`` measures, ``/readyz`` asks from another thread.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

STALLED_AFTER_S = 30.0
# Whoever measures takes some seconds a turn, more on a busy machine; silent for longer it hangs itself.
_SILENT_AFTER_S = 45.0


@dataclass(slots=True)
class Progress:
    """The last measurement of a stage, and since when it does not move."""

    clock: Callable[[], float] = time.monotonic
    waits_for: str = ""
    """For what the stage waits, as far as somebody found out; empty: unknown."""
    _reached: dict[Any, int] = field(default_factory=dict)
    _waiting: int = 0
    _moved_at: float | None = None
    _measured_at: float | None = None
    _unmeasured: str = ""

    def measured(self, reached: Mapping[Any, int], waiting: int) -> None:
        """Note the next offset of each partition, and how many messages wait behind them."""
        now = self.clock()
        if not waiting or reached != self._reached or self._moved_at is None:
            self._moved_at, self._reached, self.waits_for = now, dict(reached), ""
        self._waiting, self._measured_at, self._unmeasured = waiting, now, ""

    def moved(self) -> None:
        """Note that a part of something larger is done, though no position moves yet."""
        if self._moved_at is not None:
            self._moved_at = self.clock()

    def unmeasured(self, problem: str) -> None:
        """Note that nobody can say what waits, and why."""
        if self._measured_at is None:
            self._measured_at = self.clock()
        self._unmeasured = problem

    def stalled_s(self) -> float:
        """Return for how long something waits and nothing moves; 0 while it moves, or nothing waits."""
        if not self._waiting or self._moved_at is None:
            return 0.0
        return max(0.0, self.clock() - self._moved_at)

    def problem(self) -> str:
        """Return why the stage is not to be relied upon; empty when it moves, or nothing waits."""
        if self._measured_at is not None:
            silent_s = self.clock() - self._measured_at
            if silent_s > (STALLED_AFTER_S if self._unmeasured else _SILENT_AFTER_S):
                return f"for {silent_s:.0f} s nobody can say what waits: {self._unmeasured or 'no answer yet'}"
        stalled_s = self.stalled_s()
        if stalled_s <= STALLED_AFTER_S:
            return ""
        because = f": {self.waits_for}" if self.waits_for else ""
        return f"no progress for {stalled_s:.0f} s while {self._waiting} messages wait{because}"
