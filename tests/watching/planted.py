"""One fault in a running hub, to be found as an operator: ``python -m tests.watching.planted --home DIR``.

It starts a hub of its own below DIR, pushes a small fictitious city, and goes on pushing. Where Prometheus and
Alertmanager are (`make prometheus`), it watches the hub with them, and writes each alert that is told into a file. Once
all is well it plants a fault, and says only that. Find the cause with ``credithub status``, ``credithub top``, the
alerts and docs/operations.md alone. On Enter, SIGTERM or after ``--for`` seconds it takes the fault back, says what it
was, and stops the hub.

``--seed N`` draws the fault, ``--fault K`` names it by its number, ``--reveal`` says at once which it is.
"""

import argparse
import random
import select
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event

import pytest

import hub.stack
from hub.stack.layout import HomeLayout
from tests.services import stack_settings
from tests.watching import story
from tests.watching.causes import START_S, Site
from tests.watching.faults import FAULTS, Fault, nearly_full_disk
from tests.watching.meanwhile import meanwhile
from tests.watching.pushes import steady_pushes
from tests.watching.staged import own_disk
from tests.watching.tower import Tower, watched

# Memory, as far as it is used.
_DISK_BYTES = 3_000_000_000
_LOOK_S = 0.5
_WELL_S = 40.0


def main() -> None:
    """Plant one fault, wait, and say which it was."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True, help="a folder for the trial, which does not exist yet")
    parser.add_argument("--seed", type=int, help="draws the fault; unset: by chance")
    parser.add_argument("--fault", type=int, choices=range(1, len(FAULTS) + 1), metavar=f"1…{len(FAULTS)}")
    parser.add_argument("--for", type=float, dest="for_s", help="take the fault back after so many seconds")
    parser.add_argument("--reveal", action="store_true", help="say at once which fault it is")
    arguments = parser.parse_args()
    folder: Path = arguments.home.absolute()
    folder.mkdir(parents=True)
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    # For every fault, so that it gives nothing away.
    with own_disk(folder / "disk", size_bytes=_DISK_BYTES) as has_disk, ExitStack() as running:
        fault = _drawn(arguments.fault, arguments.seed, has_disk=has_disk)
        site = Site(stack_settings(folder / "disk" / "hub"), folder)
        print(f"The hub is started, a city pushed; the fault follows in some minutes.\n{_where(site)}", flush=True)
        hub.stack.start(site.settings, timeout_s=START_S)
        running.callback(hub.stack.stop, site.settings)
        site.push(seed=1)
        tower = _tower(site, running)
        running.enter_context(steady_pushes(site, folder / "pushes.log"))
        if tower is not None:
            story.quiet_when_all_is_well(site, tower)
        # The proof has seen what was pushed, and the pushes flow.
        stop.wait(_WELL_S)
        with fault.plant(site):
            planted_at = f"{time.strftime('%H:%M:%S')}: a fault is planted. Enter or SIGTERM ends the trial."
            print(planted_at + (f" It is: {fault.answer}" if arguments.reveal else ""), flush=True)
            _wait(stop, arguments.for_s)
        (folder / "answer.txt").write_text(f"{planted_at}\n{fault.answer}\n", "utf-8")
        print(f"It was: {fault.answer}. It is taken back, and the hub is stopped.", flush=True)


def _drawn(number: int | None, seed: int | None, *, has_disk: bool) -> Fault:
    if number is not None:
        fault = FAULTS[number - 1]
        if fault.plant is nearly_full_disk and not has_disk:
            sys.exit("A full disk needs a disk of its own: only root can mount one.")
        return fault
    return random.Random(seed).choice([fault for fault in FAULTS if has_disk or fault.plant is not nearly_full_disk])


def _where(site: Site) -> str:
    layout = HomeLayout.of(site.settings)
    return (
        f"  the hub's home      export CREDITHUB_HOME={layout.home} CREDITHUB_CACHE={layout.cache}\n"
        f"  alerts as told      {site.folder / 'alerts.log'}\n"
        f"  the units' pushes   {site.folder / 'pushes.log'}"
    )


def _tower(site: Site, running: ExitStack) -> Tower | None:
    try:
        tower = running.enter_context(
            watched([HomeLayout.of(site.settings).targets_file], site.folder / "tower", speed=1)
        )
    except pytest.skip.Exception as skipped:
        print(f"Nobody watches: {skipped.msg}", flush=True)
        return None
    print(f"  Prometheus          {tower.prometheus}\n  Alertmanager        {tower.alertmanager}", flush=True)
    running.enter_context(_written(tower, site.folder / "alerts.log"))
    return tower


@contextmanager
def _written(tower: Tower, log: Path) -> Iterator[None]:
    """Write each alert into a file as it is told: what a message on a phone would say."""

    def write(stop: Event) -> None:
        written = 0
        while not stop.wait(_LOOK_S):
            with log.open("a", encoding="utf-8") as output:
                for told in tower.told[written:]:
                    written += 1
                    output.write(f"{told.text}\n")

    with meanwhile(write):
        yield


def _wait(stop: Event, for_s: float | None) -> None:
    deadline = time.monotonic() + for_s if for_s is not None else float("inf")
    asks = sys.stdin.isatty()
    while time.monotonic() < deadline and not stop.wait(_LOOK_S):
        if asks and select.select([sys.stdin], [], [], 0)[0]:
            return


if __name__ == "__main__":
    main()
