"""Which number a worker has: its static membership of the group and the folder of its stores go by it.

A worker that is started without a number, as each replica of a Compose service is, takes the first that no other holds,
so a restart finds the stores again. The kernel lets a number go when its process dies, however it dies.
"""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from catalogue.errors import UsageError

# As many workers as the settings allow.
_SLOTS = 64


@contextlib.contextmanager
def worker_slot(streams: Path, wanted: int | None = None) -> Iterator[int]:
    """Hold a number below the folder of all stores: the one that is wanted, else the first free one.

    Raises UsageError when another worker holds it.
    """
    streams.mkdir(mode=0o700, parents=True, exist_ok=True)
    for index in range(_SLOTS) if wanted is None else (wanted,):
        with (streams / f"worker-{index}.lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield index
            return
    taken = "Every worker's number" if wanted is None else f"The worker's number {wanted}"
    raise UsageError(
        f"{taken} is held by another process of {streams.parent}.", remedy="Stop that worker, or give no --index."
    )
