"""Workers of one home never share a number, and a restart finds its own again."""

import subprocess
import sys
from pathlib import Path

import pytest

from catalogue.errors import UsageError
from hub.worker_slot import worker_slot

HOLD = """
import sys
from pathlib import Path
from hub.worker_slot import worker_slot
with worker_slot(Path(sys.argv[1])) as index:
    print(index, flush=True)
    sys.stdin.read()
"""


def test_each_replica_gets_a_number_of_its_own_and_a_killed_one_s_is_free(tmp_path: Path) -> None:
    other = subprocess.Popen(
        (sys.executable, "-c", HOLD, tmp_path), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with other:
        assert other.stdout is not None
        assert other.stdout.readline() == "0\n"
        with worker_slot(tmp_path) as mine, worker_slot(tmp_path) as third:
            assert (mine, third) == (1, 2)
            other.kill()
            other.wait()
            with worker_slot(tmp_path) as freed:
                assert freed == 0


def test_a_number_that_is_held_is_refused(tmp_path: Path) -> None:
    with worker_slot(tmp_path, 3) as index:
        assert index == 3
        with pytest.raises(UsageError, match="number 3"), worker_slot(tmp_path, 3):
            pass
    with worker_slot(tmp_path, 3) as again:
        assert again == 3
