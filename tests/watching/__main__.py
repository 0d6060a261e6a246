"""The whole night with the rules as they are: ``python -m tests.watching [--speed 1] [--only STORY …]``; `make alerts`.

Hubs of its own in a temporary home, a real Prometheus and a real Alertmanager. It prints when each alert was told and
when it was over, and ends with 1 when a story ended wrong; the others are told all the same.
"""

import argparse
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import hub.stack
from hub.stack.layout import HomeLayout
from tests.services import stack_settings
from tests.watching import late, parts, story
from tests.watching.causes import Site
from tests.watching.staged import own_disk
from tests.watching.tower import Tower, watched

Story = Callable[[Site, Tower], None]
# Enough for a hub of no more than some files, with 2 GB free.
_SMALL_DISK_BYTES = 6_000_000_000

STORIES: Mapping[str, Story] = {
    "lock": late.table_locked_for_five_minutes,
    "faults": story.faults_of_one_part_each,
    "crash": story.killed_again_and_again,
    "services": parts.services_that_hang,
    "worker": parts.no_worker,
    "lost": parts.rows_that_never_came,
    "rejects": parts.platform_that_rejects,
    "certificate": parts.certificate_that_ends,
    "clock": parts.clock_of_a_wrong_machine,
    "opening": late.sink_that_cannot_open,
    "restart": parts.one_restart,
    "proof": late.proof_that_waits,
    "slow": late.slow_worker,
    "bad-rows": story.many_bad_rows,
    "broker": story.broker_that_hangs,
    "stop": story.forgotten_stop,
}
# In this order: what a full disk gets back would look like the contrary of one that fills.
ON_A_SMALL_DISK: Mapping[str, Story] = {"filling": late.disk_that_fills, "disk": late.disk_that_is_full}


def main() -> int:
    """Run the stories in their order; return how many ended wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--speed", type=float, default=1.0, help="divides every time of the rules")
    parser.add_argument("--only", nargs="+", choices=[*STORIES, *ON_A_SMALL_DISK], help="these stories alone")
    given = parser.parse_args()
    # Whoever ends it leaves no hub behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    wanted = given.only or [*STORIES, *ON_A_SMALL_DISK]
    with tempfile.TemporaryDirectory(prefix="credithub-alerts-") as folder:
        wrong = _tell(Path(folder) / "night", [STORIES[name] for name in STORIES if name in wanted], given.speed)
        if on_disk := [ON_A_SMALL_DISK[name] for name in ON_A_SMALL_DISK if name in wanted]:
            with own_disk(Path(folder) / "small", size_bytes=_SMALL_DISK_BYTES) as mounted:
                if mounted:
                    wrong += _tell(Path(folder) / "small" / "night", on_disk, given.speed)
                else:
                    print("disk: left out: only root can mount a disk of its own")
    return wrong


def _tell(folder: Path, stories: Sequence[Story], speed: float) -> int:
    if not stories:
        return 0
    folder.mkdir()
    wrong = 0
    site = Site(stack_settings(folder / "home"), folder)
    with ExitStack() as over:
        over.callback(hub.stack.stop, site.settings, purge=True)
        hub.stack.start(site.settings)
        targets = HomeLayout.of(site.settings).targets_file
        tower = over.enter_context(watched([targets], folder / "tower", speed=speed))
        story.quiet_when_all_is_well(site, tower)
        for one in stories:
            print(f"{datetime.now().astimezone():%H:%M:%S} {one.__name__.replace('_', ' ')}", flush=True)
            try:
                one(site, tower)
            except (AssertionError, subprocess.TimeoutExpired):
                wrong += 1
                print(f"WRONG: {traceback.format_exc()}", flush=True)
    return wrong


if __name__ == "__main__":
    sys.exit(min(main(), 1))
