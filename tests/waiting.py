"""Waiting for what a test expects: as short as it takes, and never for a fixed time."""

import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE_S = 60.0
_POLL_S = 0.05
T = TypeVar("T")


def until(
    condition: Callable[[], T | None], what: str | Callable[[], object] = "", *, patience_s: float = PATIENCE_S
) -> T:
    """Return what ``condition`` returns, once that is true; fail with ``what`` when it does not become so in time.

    The patience is only for what hangs: a slow machine must not fail a test, so it is never near what a step takes.
    """
    deadline = time.monotonic() + patience_s
    while not (result := condition()):
        if time.monotonic() > deadline:
            said = what() if callable(what) else what
            raise AssertionError(f"not in {patience_s:.0f} s: {said or condition}; it is {result!r}")
        time.sleep(_POLL_S)
    return result
