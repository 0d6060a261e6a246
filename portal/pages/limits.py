"""How often wrong secrets are looked at: guessing is hopeless anyhow, and must cost neither records nor work."""

import threading
from datetime import datetime, timedelta

_WITHIN = timedelta(minutes=1)
_MOST = 30


class WrongSecrets:
    """Counts those of the last minute, whoever brings them: behind a proxy all come from one address.

    Who brings a good link is never refused, so nobody locks others out by guessing. Safe to use from several threads.
    """

    def __init__(self) -> None:
        self._times: list[datetime] = []
        self._lock = threading.Lock()

    def are_too_many(self, now: datetime) -> bool:
        """Count one more, and return whether that is more than any minute may have."""
        with self._lock:
            self._times = [*[at for at in self._times if now - _WITHIN < at <= now][-_MOST:], now]
            return len(self._times) > _MOST
