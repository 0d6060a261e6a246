"""An HTTP server of the hub's in a thread of the test."""

import contextlib
import threading
from collections.abc import Iterator

import uvicorn

from connectors.http_in.server import CalmServer
from tests.waiting import until


@contextlib.contextmanager
def serving(config: uvicorn.Config) -> Iterator[None]:
    """Listen until the end, and end in good order."""
    server = CalmServer(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until(lambda: server.started, "the server listens")
        yield
    finally:
        server.should_exit = True
        thread.join(60)
