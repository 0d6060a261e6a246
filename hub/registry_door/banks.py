"""Which banks there are now: one that is added reads its schemas without a restart of the door."""

import logging
import time
from collections.abc import Callable, Sequence

from catalogue.errors import UsageError

log = logging.getLogger(__name__)

# Somebody lists thousands of subjects at once; files change by hand.
FRESH_S = 10.0


class CurrentBanks:
    """Returns the ids of the banks, read again after some seconds; while they cannot be read, those of before."""

    def __init__(self, read: Callable[[], Sequence[str]]) -> None:
        """Read them; raises UsageError for what is wrong with their folder."""
        self._read, self._ids, self._at_s = read, read(), time.monotonic()

    def __call__(self) -> Sequence[str]:
        """Return them."""
        if time.monotonic() - self._at_s >= FRESH_S:
            self._at_s = time.monotonic()
            try:
                self._ids = self._read()
            except UsageError as problem:
                log.warning("the banks stay as they were: %s", problem)
        return self._ids
