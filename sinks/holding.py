"""What a sink does while something it needs is away: it waits, longer each time, and finds its way back."""

import logging
import random
import threading
from collections.abc import Callable, Iterable
from typing import TypeVar

from confluent_kafka import Message

from catalogue.errors import Unavailable
from sinks.readiness import SinkReadiness

log = logging.getLogger(__name__)

Result = TypeVar("Result")

# However quick the receiver promises to be back: what holds must not turn in circles.
_LEAST_WAIT_S = 0.5
_FIRST_WAIT_S = 0.2


def wait_s(tries: int, asked_s: float, longest_s: float, share: float) -> float:
    """Return how long to wait after so many failures in a row, in seconds.

    Exponential, up to ``longest_s``, of which ``share`` (0…1, drawn) is taken, so that many sinks do not come back in
    the same moment; never less than the error asked for.
    """
    grown_s = min(longest_s, _FIRST_WAIT_S * 2.0 ** min(tries - 1, 30))
    return max(asked_s, _LEAST_WAIT_S, grown_s * share)


def first_offsets(messages: Iterable[Message]) -> dict[tuple[str, int], int]:
    """Return, by topic (real name) and partition, the offset from which these messages can be read again."""
    starts: dict[tuple[str, int], int] = {}
    for message in messages:
        starts.setdefault((message.topic(), message.partition()), message.offset())
    return starts


class Patience:
    """Waits for what is away, tells the log and ``/readyz`` why, and ends when ``stop`` is set."""

    def __init__(self, name: str, stop: threading.Event, readiness: SinkReadiness, longest_wait_s: float) -> None:
        self._name, self._stop, self._readiness, self._longest_wait_s = name, stop, readiness, longest_wait_s
        self._tries = 0

    @property
    def holds(self) -> bool:
        """Whether the last try failed."""
        return self._tries > 0

    @property
    def is_over(self) -> bool:
        """Whether the process is to end."""
        return self._stop.is_set()

    def hold(self, problem: Unavailable) -> None:
        """Wait after a failure."""
        self._tries += 1
        seconds = wait_s(self._tries, problem.retry_after_s, self._longest_wait_s, random.random())
        log.warning("%s holds its position and tries again in %.1f s: %s", self._name, seconds, problem)
        # Without the remedy, which often is to look where this is shown.
        self._readiness.holds(problem.message)
        self._stop.wait(seconds)

    def resume(self) -> None:
        """Note a success."""
        self._tries = 0
        self._readiness.resumed()

    def until(self, act: Callable[[], Result]) -> Result | None:
        """Return what ``act`` returns once nothing it needs is away; None when stopped meanwhile."""
        while not self._stop.is_set():
            try:
                result = act()
            except Unavailable as problem:
                self.hold(problem)
            else:
                self.resume()
                return result
        return None
