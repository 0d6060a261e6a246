"""Whether the clock does what it is for: today's date is published. Pure but for the clocks that it is given."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from bus.business_date import today
from monitoring.health import HealthState, ProcessHealth
from monitoring.progress import STALLED_AFTER_S


@dataclass(slots=True)
class CalendarHealth:
    """What the clock last published; to call it is a ``monitoring.health.HealthCheck``, from any thread."""

    day: Callable[[], date] = today
    clock: Callable[[], float] = time.monotonic
    published: date | None = None
    problem: str = ""
    """Why the date of today is not published, as far as it is known."""
    _behind_since: float | None = None

    def __call__(self) -> ProcessHealth:
        """Return whether today's date is published; at midnight a little time is left for it."""
        day, published = self.day(), self.published
        if published == day:
            self._behind_since = None
            return ProcessHealth(HealthState.CURRENT, f"the business date {day} is published")
        now = self.clock()
        if self._behind_since is None:
            self._behind_since = now
        because = f": {self.problem}" if self.problem else ""
        if published is None:
            return ProcessHealth(HealthState.RECOVERING, f"the business date {day} is not published yet{because}")
        if now - self._behind_since > STALLED_AFTER_S:
            reason = f"the business date is {published}, not {day}, for {now - self._behind_since:.0f} s{because}"
            return ProcessHealth(HealthState.STALE, reason)
        return ProcessHealth(HealthState.CURRENT, f"the business date {day} is being published")
