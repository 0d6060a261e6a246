"""Something that goes on beside a block."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread


@contextmanager
def meanwhile(work: Callable[[Event], None]) -> Iterator[None]:
    """Do a work on a thread of its own until the block ends, which sets the event that it is given."""
    stop = Event()
    thread = Thread(target=work, args=(stop,), name=work.__name__)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
