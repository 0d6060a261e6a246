"""A call that never returns ends its process; one that returns ends nothing."""

import subprocess
import sys

import pytest

from bus.deadline import GONE

PROGRAM = """
import logging, sys, time
from bus.deadline import deadline
logging.basicConfig()
with deadline(float(sys.argv[1]), "The call"):
    time.sleep(float(sys.argv[2]))
time.sleep(0.5)
"""


@pytest.mark.parametrize(("within_s", "takes_s", "code"), [(0.2, 60, GONE), (0.3, 0.0, 0)])
def test_what_does_not_return_ends_the_process(within_s: float, takes_s: float, code: int) -> None:
    done = subprocess.run(
        (sys.executable, "-c", PROGRAM, str(within_s), str(takes_s)), capture_output=True, text=True, timeout=30
    )
    assert done.returncode == code
    assert ("The call has not ended" in done.stderr) == bool(code)
