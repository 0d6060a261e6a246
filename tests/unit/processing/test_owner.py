"""An owner that cannot let go of its partitions ends its process; its successor fences it."""

import subprocess
import sys
from pathlib import Path

from bus.deadline import GONE

PROGRAM = """
import asyncio, logging, sys, time
from pathlib import Path
import processing.owner
from bus.avro.registry import OfflineRegistry
from bus.config import BusConfig
from streams.merge.processor import MergeProcessor
logging.basicConfig()
processing.owner.LET_GO_S = 0.3
processing.owner.Standby.stop = lambda self: time.sleep(60)
config = BusConfig("127.0.0.1:1", "http://127.0.0.1:1")
registry = OfflineRegistry(config)
owner = processing.owner.Owner(config, MergeProcessor(config, registry, (), (), ()), registry, None, Path(sys.argv[1]))
asyncio.run(owner.release())
"""


def test_what_hangs_while_partitions_are_let_go_ends_the_process_and_is_named(tmp_path: Path) -> None:
    done = subprocess.run((sys.executable, "-c", PROGRAM, str(tmp_path)), capture_output=True, text=True, timeout=30)
    assert done.returncode == GONE
    assert "Letting partitions go has not ended" in done.stderr
    # The stack that hangs.
    assert "<lambda>" in done.stderr
