"""An owner that cannot let go of its numbers ends its process; its successor fences it."""

import subprocess
import sys
from pathlib import Path

from bus.deadline import GONE

PROGRAM = """
import asyncio, logging, sys, time
from pathlib import Path
import streams.owner
from bus.config import BusConfig
logging.basicConfig()
streams.owner.LET_GO_S = 0.3
streams.owner.Standby.stop = lambda self: time.sleep(60)
owner = streams.owner.Owner(BusConfig("127.0.0.1:1", "http://127.0.0.1:1"), Path(sys.argv[1]), None, ())
asyncio.run(owner.release())
"""


def test_what_hangs_while_numbers_are_let_go_ends_the_process_and_is_named(tmp_path: Path) -> None:
    done = subprocess.run((sys.executable, "-c", PROGRAM, str(tmp_path)), capture_output=True, text=True, timeout=30)
    assert done.returncode == GONE
    assert "Letting partition numbers go has not ended" in done.stderr
    # The stack that hangs.
    assert "<lambda>" in done.stderr
