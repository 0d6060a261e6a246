"""What a killed supervisor left is found, and nothing else is taken for it."""

import os
import subprocess
import sys

import psutil
import pytest

from hub.stack import orphans
from hub.stack.layout import HomeLayout
from tests.unit.hub.stack.programs import FOREVER, until


def test_orphans_are_found_by_their_mark_and_stopped(layout: HomeLayout) -> None:
    environment = {**os.environ, orphans.STACK_VARIABLE: str(layout.home)}
    with (
        subprocess.Popen([sys.executable, "-S", "-c", FOREVER], env=environment) as ours,
        subprocess.Popen([sys.executable, "-S", "-c", FOREVER]) as other,
    ):
        try:
            until(lambda: [process.pid for process in orphans.find(layout)] == [ours.pid])
            orphans.stop(orphans.find(layout))
            assert not psutil.pid_exists(ours.pid)
            assert other.poll() is None
        finally:
            ours.kill()
            other.kill()
    assert orphans.find(layout) == []


def test_a_reused_pid_is_not_taken_for_a_child() -> None:
    me = psutil.Process()
    born = orphans.birth(me.pid)
    assert orphans.same_process(me.pid, born) == me
    assert orphans.same_process(me.pid, born + "0") is None
    with subprocess.Popen([sys.executable, "-S", "-c", FOREVER]) as other:
        assert orphans.same_process(other.pid, born) is None
        other.kill()
    assert orphans.same_process(other.pid, orphans.birth(me.pid)) is None


def test_a_step_of_the_clock_hides_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    me = psutil.Process()
    born = orphans.birth(me.pid)
    # What psutil adds a process's ticks to: it moves with the clock.
    moved = psutil.boot_time() + 2
    monkeypatch.setattr(psutil._pslinux, "boot_time", lambda: moved)
    assert orphans.same_process(me.pid, born) == me
