"""A long process ends when it is asked to."""

import signal
import subprocess
import sys

import pytest

PROGRAM = """
from hub.long_process import stop_event
stop = stop_event()
print("ready", flush=True)
stop.wait(60)
print("stopped", stop.is_set(), flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_signals_of_an_end_set_the_event(number: signal.Signals) -> None:
    with subprocess.Popen((sys.executable, "-c", PROGRAM), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        assert process.stdout.readline() == "stopped True\n"
    assert process.returncode == 0
