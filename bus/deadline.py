"""An end for calls that may never return: the process goes down, and its successor takes over where it was."""

import faulthandler
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

log = logging.getLogger(__name__)
# Exit code of a process that cannot go on by itself; its supervisor starts another one.
GONE = 70


@contextmanager
def deadline(seconds: float, what: str) -> Iterator[None]:
    """End the process when the block has not ended after so many seconds.

    For librdkafka's ``send_offsets_to_transaction``, whose own time-out is ignored when the group's coordinator went
    away in the middle of it (librdkafka issue 5456): nothing short of a new process ends that call. What was
    published of the transaction is aborted by the successor, who fences this one. All threads' stacks go to stderr.
    """
    timer = threading.Timer(seconds, _go, (seconds, what))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _go(seconds: float, what: str) -> None:
    log.critical("%s has not ended after %.0f s; the process ends, its successor goes on", what, seconds)
    logging.shutdown()
    # What hangs, and where.
    faulthandler.dump_traceback(all_threads=True)
    os._exit(GONE)
