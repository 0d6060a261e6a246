"""Asks a service whether it works, again and again; what it is asked is in `hub.stack.checks`."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

# A service that starts is asked often, so that nobody waits for the next question.
_EAGER_PAUSE_S = 0.2
# A process that hangs is asked eagerly from the first answer on that does not come.
_CALM_PAUSE_S = 5.0
# A check without an answer for so long counts as "not healthy".
_SILENCE_S = 15.0

ServiceCheck = Callable[[], str | None]
"""Raises while its service does not answer. Returns None when it may be relied upon, else why it may not be yet."""


@dataclass(frozen=True, slots=True)
class HealthVerdict:
    """The last answer of a service: ``is_healthy`` when it answers, ``is_ready`` when it may be relied upon."""

    is_healthy: bool
    message: str
    is_ready: bool = False


class HealthMonitor:
    """Asks one service again and again on a thread of its own, so that a hung answer delays nobody."""

    def __init__(self, name: str, check: ServiceCheck, *, silence_s: float = _SILENCE_S) -> None:
        self._check = check
        self._silence_s = silence_s
        self._lock = threading.Lock()
        self._awake = threading.Event()
        # Rises with every pause, so that an answer about a former process is not taken for the present one.
        self._generation = 0
        self._verdict = HealthVerdict(False, "not asked yet")
        self._asked_at = self._answered_at = time.monotonic()
        self._has_answered = False
        self._failures = 0
        self._thread = threading.Thread(target=self._run, name=f"health-{name}", daemon=True)
        self._thread.start()

    def resume(self, check: ServiceCheck | None = None) -> None:
        """Ask from now on, starting from "not healthy"; ``check``: another question than before."""
        with self._lock:
            self._check = check or self._check
            self._generation += 1
            self._verdict = HealthVerdict(False, "not asked yet")
            self._asked_at = self._answered_at = time.monotonic()
            self._has_answered, self._failures = False, 0
        self._awake.set()

    def pause(self) -> None:
        """Ask no more until `resume`."""
        self._awake.clear()
        with self._lock:
            self._generation += 1
            self._verdict = HealthVerdict(False, "not running")

    def verdict(self) -> HealthVerdict:
        """Return the last answer, or that there has been none for too long."""
        with self._lock:
            silent_s = time.monotonic() - self._asked_at
            if self._awake.is_set() and silent_s > self._silence_s:
                return HealthVerdict(False, f"no answer for {silent_s:.0f} s")
            return self._verdict

    def silence(self) -> tuple[float, int, bool]:
        """Return for how many seconds it has not answered, how often it was asked in vain, and if it ever answered.

        All of the present process.
        """
        with self._lock:
            return time.monotonic() - self._answered_at, self._failures, self._has_answered

    def _run(self) -> None:
        while True:
            self._awake.wait()
            generation, check = self._generation, self._check
            try:
                unready = check()
                verdict = HealthVerdict(True, unready or "ok", is_ready=unready is None)
            except Exception as error:  # whatever a check raises means "not healthy"
                verdict = HealthVerdict(False, str(error).strip().split("\n")[0][:200] or type(error).__name__)
            with self._lock:
                if generation == self._generation:
                    self._note(verdict)
            time.sleep(_CALM_PAUSE_S if verdict.is_healthy else _EAGER_PAUSE_S)

    def _note(self, verdict: HealthVerdict) -> None:
        self._verdict, self._asked_at = verdict, time.monotonic()
        if verdict.is_healthy:
            self._answered_at, self._has_answered, self._failures = self._asked_at, True, 0
        else:
            self._failures += 1
