"""Whether the node answers what it was sent: a batch that takes half a minute waits for the store."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from monitoring.health import HealthState, ProcessHealth
from monitoring.progress import STALLED_AFTER_S


class BatchesUnderWay:
    """The batches that are being worked on; to call it is a ``monitoring.health.HealthCheck``, from any thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._begun: dict[object, float] = {}

    @contextmanager
    def one(self) -> Iterator[None]:
        """Count a batch as long as it is worked on."""
        batch = object()
        self._begun[batch] = self._clock()
        try:
            yield
        finally:
            del self._begun[batch]

    def __call__(self) -> ProcessHealth:
        """Return whether every batch is answered in time."""
        oldest = min(list(self._begun.values()), default=None)
        if oldest is not None and (age_s := self._clock() - oldest) > STALLED_AFTER_S:
            return ProcessHealth(
                HealthState.STALE, f"a batch is not answered for {age_s:.0f} s: it waits for the store"
            )
        return ProcessHealth(HealthState.CURRENT, "every batch is answered")
