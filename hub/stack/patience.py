"""How long the start is waited for: for as long as something moves. A slow machine is no broken one."""

import time
from collections.abc import Callable

import psutil

from hub.stack.status import GOOD_STATES, StackStatus

_LOOK_EVERY_S = 5.0
# A program that loads takes what it gets, on a machine at its limit some hundredths of a core; one that hangs, nothing.
_LOADING_SHARE = 0.02


def processor_s(pid: int) -> float:
    """Return how much processor time a process took so far, in seconds; 0 when it is gone."""
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system)


class StartPatience:
    """Is over when for ``timeout_s`` no more of the stack became healthy, and nothing that starts was still loading.

    What was started again counts no more: a process that ends again and again is always loading.
    """

    def __init__(
        self,
        timeout_s: float,
        clock: Callable[[], float] = time.monotonic,
        processor: Callable[[int], float] = processor_s,
    ) -> None:
        self.timeout_s, self._clock, self._processor = timeout_s, clock, processor
        self._looked_at = self._moved_at = clock()
        self._most_healthy = 0
        self._spent: dict[int, float] = {}
        self.loading: tuple[str, ...] = ()
        """Who was loading at the last look."""

    def is_over(self, status: StackStatus | None) -> bool:
        """Look at the status; whether nothing moved for too long."""
        now = self._clock()
        healthy = sum(row.state in GOOD_STATES for row in status.processes) if status else 0
        if healthy > self._most_healthy:
            self._most_healthy, self._moved_at = healthy, now
        if status and now - self._looked_at >= _LOOK_EVERY_S:
            self.loading = tuple(self._still_loading(status, now - self._looked_at))
            self._looked_at = now
            if self.loading:
                self._moved_at = now
        return now - self._moved_at > self.timeout_s

    def _still_loading(self, status: StackStatus, passed_s: float) -> list[str]:
        starting = {row.pid: row.name for row in status.processes if row.state == "starting" and not row.restarts}
        spent = {pid: self._processor(pid) for pid in starting if pid is not None}
        grown = [pid for pid, s in spent.items() if s - self._spent.get(pid, 0.0) > _LOADING_SHARE * passed_s]
        self._spent = spent
        return [starting[pid] for pid in grown]
