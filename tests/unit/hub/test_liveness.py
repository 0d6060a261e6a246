"""A process that answers is left alone; one that hangs is ended, as Docker would not."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from hub import liveness
from tests.ports import free_port
from tests.waiting import until

# As a container's first process: it starts the server, and waits for it.
INIT = (
    "import subprocess, sys; subprocess.run([sys.executable, '-m', 'http.server', sys.argv[1], '--bind', '127.0.0.1'])"
)


@pytest.fixture
def served() -> Iterator[tuple[int, psutil.Process]]:
    port = free_port()
    with subprocess.Popen((sys.executable, "-c", INIT, str(port)), stderr=subprocess.DEVNULL) as init:
        yield port, psutil.Process(init.pid)
        for child in psutil.Process(init.pid).children() if init.poll() is None else ():
            child.kill()


def test_what_answers_lives_and_what_hangs_is_ended(served: tuple[int, psutil.Process]) -> None:
    port, init = served
    # A 404 is an answer, too.
    until(lambda: liveness.answers(port))
    assert liveness.main(port, init.pid, hung_after_s=0.0, starts_within_s=0.0) == 0
    (server,) = init.children()
    os.kill(server.pid, signal.SIGSTOP)
    # One that may still be starting is not ended.
    assert liveness.main(port, init.pid, hung_after_s=0.0, starts_within_s=3600.0) == 1
    assert server.is_running()
    assert liveness.main(port, init.pid, hung_after_s=0.0, starts_within_s=0.0) == 1
    until(lambda: not server.is_running() or server.status() == psutil.STATUS_ZOMBIE)
