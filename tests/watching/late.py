"""What still answers and does not get on, or not fast enough: behind a lock, without a core, on a disk that fills."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx

import hub.stack
from tests.waiting import until
from tests.watching.causes import REGISTRAR, Site, killed, locked_table
from tests.watching.staged import filled_disk, filling_disk, slowed, waits_for_lock
from tests.watching.story import Say, alarm
from tests.watching.tower import Tower

_SINK = "sink-postgres"
_LOCKED_S = 300.0
# What an operator is promised of a blocked sink, in seconds.
_UNREADY_WITHIN_S, _PAGED_WITHIN_S = 45.0, 120.0


def table_locked_for_five_minutes(site: Site, tower: Tower, say: Say = print) -> None:
    """A sink that waits for a lock is unready soon, pages once and names the lock, and finds its way back by itself."""
    begun, pid = len(tower.told), site.pid(_SINK)
    (address,) = (row.address for row in site.status().processes if row.name == _SINK)
    ready = address.replace("/metrics", "/readyz")
    with ThreadPoolExecutor() as pool, locked_table(site):
        pushed = pool.submit(site.push, seed=41, unit=REGISTRAR)
        until(lambda: waits_for_lock(site), f"{_SINK} waits for the lock", patience_s=300)
        since = time.monotonic()
        until(lambda: httpx.get(ready, timeout=10).status_code == 503, f"{_SINK} is unready", patience_s=300)
        unready_s = time.monotonic() - since
        say(f"lock: unready after {unready_s:.0f} s")
        told = tower.until_told(f"NotReady {_SINK}", since=begun, patience_s=300)
        paged_s = time.monotonic() - since
        say(f"lock: a page after {paged_s:.0f} s: {told.summary}")
        assert "lock on credit_record" in told.summary
        time.sleep(max(0.0, _LOCKED_S / tower.speed - paged_s))
        pushed.result()
        # Nothing that was told is over while its cause lasts.
        assert f"NotReady {_SINK}" in tower.firing()
    since = time.monotonic()
    until(lambda: httpx.get(ready, timeout=10).status_code == 200, f"{_SINK} is ready again", patience_s=300)
    say(f"lock: ready {time.monotonic() - since:.0f} s after its end")
    tower.until_over(f"NotReady {_SINK}", patience_s=300)
    say(f"lock: over {time.monotonic() - since:.0f} s after its end")
    site.run("reconcile", "--wait", "120")
    assert {told.name for told in tower.pages(begun)} == {f"NotReady {_SINK}"}
    assert site.pid(_SINK) == pid, "the sink was started anew"
    assert unready_s <= _UNREADY_WITHIN_S, f"unready after {unready_s:.0f} s"
    assert paged_s <= _PAGED_WITHIN_S, f"a page after {paged_s:.0f} s"


def proof_that_waits(site: Site, tower: Tower, say: Say = print) -> None:
    """A proof that cannot look at every arrow is a ticket, and no page of its own."""
    begun = len(tower.told)
    # Where the sink stands. A table that the sink cannot write has no new rows to be proven.
    with locked_table(site, "sink_position"):
        since = time.monotonic()
        site.push(seed=42, unit=REGISTRAR)
        told = tower.until_told("ProofStale", since=begun, patience_s=600 + 1500 / tower.speed)
        say(f"ProofStale: told after {time.monotonic() - since:.0f} s: {told.summary}")
    since = time.monotonic()
    tower.until_over("ProofStale")
    say(f"ProofStale: over after {time.monotonic() - since:.0f} s")
    assert {told.name for told in tower.pages(begun)} <= {f"NotReady {_SINK}"}


def sink_that_cannot_open(site: Site, tower: Tower, say: Say = print) -> None:
    """A sink that was started while somebody holds a lock on its positions recovers, and does not get on."""
    with alarm(tower, f"RecoveringWithoutProgress {_SINK}", _started_in_vain(site), say=say) as told:
        if tower.speed == 1:
            # It waits for a while before it says so.
            assert "sink_position is locked" in told.summary


@contextmanager
def _started_in_vain(site: Site) -> Iterator[None]:
    with locked_table(site, "sink_position"):
        killed(site, _SINK)
        yield


def slow_worker(site: Site, tower: Tower, say: Say = print) -> None:
    """A worker that gets no core is late, and moves: that is told by its own name."""
    # Asked so often and so briefly as at a higher speed it seems not to answer at all.
    hurt = frozenset({""} if tower.speed > 1 else ())
    with alarm(tower, "Lagging worker-0", _more_than_it_can(site), hurt=hurt, say=say):
        pass


@contextmanager
def _more_than_it_can(site: Site) -> Iterator[None]:
    with slowed(site, "worker-0"):
        site.push(seed=43, enterprises=200)
        yield


def disk_that_fills(site: Site, tower: Tower, say: Say = print) -> None:
    """A disk that will be full within a day is a ticket."""
    with alarm(tower, "DiskFilling", filling_disk(site, bytes_per_s=1_000_000), say=say):
        pass


def disk_that_is_full(site: Site, tower: Tower, say: Say = print) -> None:
    """A disk with less than 2 GB is a page, while everything still works."""
    with alarm(tower, "DiskFull", filled_disk(site, left_bytes=1_500_000_000), say=say):
        assert hub.stack.status(site.settings).phase == "ready"
