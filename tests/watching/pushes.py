"""A light steady flow of pushes, so that something always waits for whoever does not move."""

import itertools
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

from tests.watching.causes import Site
from tests.watching.meanwhile import meanwhile

# The first seeds are those of the stories.
_FIRST_SEED = 100
_TAKEN, _AWAY = (0, 1), 75
_PUSH_S, _AGAIN_S = 90, 5.0


@contextmanager
def steady_pushes(site: Site, log: Path, *, pause_s: float = 10.0) -> Iterator[None]:
    """Push one unit's folder after another, each again until it is taken, until the block ends.

    Ends with AssertionError when a push fails that is no matter of what is away.
    """
    failures: list[BaseException] = []

    def pushes(stop: Event) -> None:
        try:
            for folder in _folders(site, site.folder / "pushes"):
                # One that was begun is ended, else its submission stays open.
                while not _taken(site, folder, log):
                    time.sleep(_AGAIN_S)
                if stop.wait(pause_s):
                    return
        except BaseException as failure:
            failures.append(failure)

    with meanwhile(pushes):
        yield
    assert not failures, failures


def _folders(site: Site, folder: Path) -> Iterator[Path]:
    for seed in itertools.count(_FIRST_SEED):
        city = folder / f"city-{seed}"
        site.run("sample", str(city), "--enterprises", "10", "--seed", str(seed))
        for unit in sorted(path for path in city.iterdir() if path.is_dir()):
            # The name of a folder within the pushed one says the unit.
            pushed = folder / f"{seed}-{unit.name}"
            pushed.mkdir()
            shutil.move(unit, pushed / unit.name)
            yield pushed


def _taken(site: Site, folder: Path, log: Path) -> bool:
    try:
        done = site.attempt("push-dir", str(folder), "--yes", "--jobs", "1", timeout_s=_PUSH_S)
        code, said = done.returncode, done.stdout + done.stderr
    except subprocess.TimeoutExpired:
        # The next try goes on where this one was.
        code, said = _AWAY, f"no answer within {_PUSH_S} s\n"
    with log.open("a", encoding="utf-8") as output:
        output.write(f"{datetime.now(UTC):%H:%M:%S} {folder.name}: exit {code}\n{said if code not in _TAKEN else ''}")
    assert code in (*_TAKEN, _AWAY), f"{folder.name}: the push ends with {code}, see {log}"
    return code in _TAKEN
