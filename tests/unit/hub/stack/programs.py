"""A small program that runs until it is ended, and waiting for what it does."""

import time
from collections.abc import Callable

FOREVER = "import time; time.sleep(60)"


def until(condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)
