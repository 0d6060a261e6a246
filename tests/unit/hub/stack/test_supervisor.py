"""The supervisor on small real programs: order, restarts, failures, and that nothing outlives it."""

import errno
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from catalogue.errors import StackError
from hub.stack import orphans
from hub.stack.child import Child, ChildSpec
from hub.stack.layout import HomeLayout
from hub.stack.status import ProcessStatus, StackStatus, read_status, write_json, write_status
from hub.stack.supervisor import Plan, Supervisor
from tests.unit.hub.stack.programs import FOREVER, until

# Cannot be ended politely.
STUBBORN = (
    "import signal, time, pathlib, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "pathlib.Path(sys.argv[1]).touch(); time.sleep(60)"
)


def spec(layout: HomeLayout, name: str, program: str, *arguments: str, **changes: object) -> ChildSpec:
    environment = {**os.environ, orphans.STACK_VARIABLE: str(layout.home)}
    command = (sys.executable, "-S", "-c", program, *arguments)
    return ChildSpec(name, command, layout.log_file(name), environment, **changes)  # type: ignore[arg-type]


@contextmanager
def running(plan: Plan, layout: HomeLayout) -> Iterator[Callable[[], StackStatus]]:
    """Run a plan on a thread; give a function that returns the published status."""
    supervisor = Supervisor(plan, layout, os.getpid())
    failures: list[StackError] = []

    def run() -> None:
        try:
            supervisor.run()
        except StackError as error:
            failures.append(error)

    def status() -> StackStatus:
        return read_status(layout.status_file) or StackStatus("starting", "", "", "", None, False, ())

    # The thread lives as long as its children: their death signal comes when it ends.
    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield status
    finally:
        supervisor.request_stop()
        thread.join(30)
    assert not thread.is_alive()
    if failures:
        raise failures[0]


def process_of(status: StackStatus, name: str) -> ProcessStatus:
    return next(process for process in status.processes if process.name == name)


def test_stages_start_one_after_the_other(layout: HomeLayout, tmp_path: Path) -> None:
    order = tmp_path / "order"
    note = "import sys, time, pathlib; open(sys.argv[1], 'a').write(sys.argv[2]); time.sleep(float(sys.argv[3]))"

    def noted(letter: str) -> Callable[[], None]:
        def check() -> None:
            if letter not in order.read_text():
                raise OSError("not yet")

        return check

    base = spec(layout, "base", note, str(order), "a", "60", check=noted("a"))
    upper = spec(layout, "upper", note, str(order), "b", "60", check=noted("b"), after=("base",))
    prepare = spec(layout, "prepare", note, str(order), "c", "0", one_shot=True)
    worker = spec(layout, "worker", note, str(order), "d", "60", check=noted("d"))
    with running(Plan((upper, base), prepare, (worker,)), layout) as status:
        until(lambda: status().phase == "ready")
        assert order.read_text() == "abcd"
        assert process_of(status(), "prepare").state == "done"
        pids = [process.pid for process in status().processes if process.pid]
        assert len(pids) == 3
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_a_killed_child_is_started_again(layout: HomeLayout) -> None:
    with running(Plan((spec(layout, "one", FOREVER),), None, ()), layout) as status:
        until(lambda: status().phase == "ready")
        first = process_of(status(), "one").pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        until(lambda: process_of(status(), "one").restarts == 1 and status().phase == "ready")
        again = process_of(status(), "one")
        assert again.pid not in (None, first)
        assert again.last_exit == "SIGKILL"


def test_a_service_that_never_comes_up_is_given_up_with_the_end_of_its_log(layout: HomeLayout) -> None:
    def refuses() -> None:
        raise OSError("does not answer")

    # With a check, as every service has: without one it would count as healthy while it is alive.
    broken = spec(layout, "broken", "print('no such setting: x'); raise SystemExit(3)", check=refuses)
    with (
        pytest.raises(StackError, match="no such setting: x") as caught,
        running(Plan((broken,), None, ()), layout) as status,
    ):
        until(lambda: status().phase == "stopping")
    assert "exit 3" in caught.value.message
    assert "credithub logs broken" in caught.value.remedy


def test_a_failed_preparation_starts_no_worker(layout: HomeLayout, tmp_path: Path) -> None:
    prepare = spec(layout, "prepare", "raise SystemExit('partitions differ')", one_shot=True)
    mark = tmp_path / "mark"
    worker = spec(layout, "worker", "import pathlib, sys; pathlib.Path(sys.argv[1]).touch()", str(mark))
    with (
        pytest.raises(StackError, match="partitions differ"),
        running(Plan((spec(layout, "one", FOREVER),), prepare, (worker,)), layout) as status,
    ):
        until(lambda: status().phase == "stopping")
    assert not mark.exists()


def test_a_worker_that_crashes_is_restarted_for_ever_and_shown(layout: HomeLayout) -> None:
    worker = spec(layout, "worker", "raise SystemExit(7)", check=lambda: None)
    with running(Plan((), None, (worker,)), layout) as status:
        until(lambda: bool(status().processes) and process_of(status(), "worker").restarts >= 2)
        assert process_of(status(), "worker").last_exit == "exit 7"
        assert status().phase != "ready"


def test_a_child_that_ignores_sigterm_is_killed_after_the_grace(layout: HomeLayout, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    child = Child(spec(layout, "stubborn", STUBBORN, str(mark), grace_s=0.3))
    child.start()
    until(mark.exists)
    started = time.monotonic()
    child.ask_to_stop()
    child.wait_stopped()
    assert time.monotonic() - started < 5
    assert child.last_exit == "SIGKILL"
    assert child.state == "stopped"


@pytest.mark.skipif(sys.platform != "linux", reason="the death signal is Linux's")
def test_children_end_with_a_killed_supervisor_even_if_they_ignore_sigterm(layout: HomeLayout, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    parent = (
        "import sys, os, time, pathlib\n"
        "from hub.stack.child import Child, ChildSpec\n"
        "child = Child(ChildSpec('c', tuple(sys.argv[2:]), pathlib.Path(sys.argv[1]), os.environ))\n"
        "child.start(); print(child.pid, flush=True); time.sleep(60)"
    )
    command = (sys.executable, "-S", "-c", STUBBORN, str(mark))
    with subprocess.Popen(
        [sys.executable, "-c", parent, str(tmp_path / "log"), *command], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        child = psutil.Process(int(process.stdout.readline()))
        until(mark.exists)
        process.kill()
    assert orphans.wait_gone(child, 5)


def test_a_full_disk_ends_nothing(layout: HomeLayout, monkeypatch: pytest.MonkeyPatch) -> None:
    full = threading.Event()

    def unless_full(write: Callable[[Path, Any], None]) -> Callable[[Path, Any], None]:
        def written(file: Path, what: Any) -> None:
            if full.is_set():
                raise OSError(errno.ENOSPC, "No space left on device")
            write(file, what)

        return written

    monkeypatch.setattr("hub.stack.supervisor.write_status", unless_full(write_status))
    monkeypatch.setattr("hub.stack.orphans.write_json", unless_full(write_json))
    plan = Plan((spec(layout, "one", FOREVER), spec(layout, "two", FOREVER)), None, ())
    with running(plan, layout) as status:
        until(lambda: status().phase == "ready")
        first, second = (process_of(status(), name).pid for name in ("one", "two"))
        assert first is not None
        full.set()
        os.kill(first, signal.SIGKILL)
        until(lambda: not psutil.pid_exists(first))
        time.sleep(1)
        full.clear()
        # It was started again meanwhile, and is told of as soon as there is room.
        until(lambda: process_of(status(), "one").restarts == 1 and status().phase == "ready")
        assert process_of(status(), "two").pid == second


def test_a_child_that_cannot_be_started_again_stops_no_other(layout: HomeLayout) -> None:
    tries: list[int] = []

    def before() -> None:
        tries.append(len(tries))
        if len(tries) == 2:
            raise OSError(errno.EAGAIN, "Resource temporarily unavailable")

    plan = Plan((spec(layout, "one", FOREVER, before_start=before), spec(layout, "two", FOREVER)), None, ())
    with running(plan, layout) as status:
        until(lambda: status().phase == "ready")
        first, second = (process_of(status(), name).pid for name in ("one", "two"))
        assert first is not None
        os.kill(first, signal.SIGKILL)
        until(lambda: process_of(status(), "one").restarts == 2 and status().phase == "ready")
        assert process_of(status(), "two").pid == second


def test_a_child_whose_port_is_taken_says_by_whom(layout: HomeLayout) -> None:
    def refuses() -> None:
        raise OSError("answers 404")

    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        address = f"127.0.0.1:{port}"
        ends = spec(layout, "ends", "raise SystemExit(1)", check=lambda: None, address=address)
        tries = spec(layout, "tries", FOREVER, check=refuses, address=address)
        with running(Plan((), None, (ends, tries)), layout) as status:
            until(lambda: bool(status().processes) and process_of(status(), "ends").restarts >= 1)
            until(lambda: process_of(status(), "tries").health != "")
            last_exit, health = process_of(status(), "ends").last_exit, process_of(status(), "tries").health
    assert last_exit == f"exit 1; {health}"
    assert health.startswith(f"port {port} is taken by ")
    assert health.endswith(f"(pid {os.getpid()})")


def test_a_child_that_answers_and_is_not_ready_is_told_and_left_alone(layout: HomeLayout) -> None:
    unready: list[str | None] = ["stale: it waits for a lock"]
    plan = Plan((spec(layout, "one", FOREVER, check=lambda: unready[0], hung_after_s=0.1),), None, ())
    with running(plan, layout) as status:
        until(lambda: bool(status().processes) and process_of(status(), "one").state == "unready")
        assert status().phase == "starting"
        assert status().step == "waiting for one"
        assert process_of(status(), "one").health == "stale: it waits for a lock"
        unready[0] = None
        until(lambda: status().phase == "ready")
        unready[0] = "stale: it waits for a lock"
        until(lambda: status().phase == "degraded")
        assert process_of(status(), "one").restarts == 0


def test_a_child_that_hangs_is_killed_and_started_anew(layout: HomeLayout) -> None:
    hangs = threading.Event()

    def check() -> None:
        if hangs.is_set():
            raise OSError("does not answer")

    plan = Plan((spec(layout, "one", FOREVER, check=check, hung_after_s=0.5),), None, ())
    with running(plan, layout) as status:
        until(lambda: status().phase == "ready")
        first = process_of(status(), "one").pid
        assert first is not None
        os.kill(first, signal.SIGSTOP)
        hangs.set()
        until(lambda: not psutil.pid_exists(first))
        hangs.clear()
        until(lambda: process_of(status(), "one").restarts >= 1 and status().phase == "ready")
        assert process_of(status(), "one").last_exit.startswith("killed: no answer for ")
        line = layout.log_file("one").read_text("utf-8").splitlines()[-1]
        assert re.search(r" ERROR one \S+: the process has ended: killed: no answer for \d+ s", line)


def test_a_child_that_never_answered_is_given_time_to_begin(layout: HomeLayout) -> None:
    asked: list[int] = []

    def check() -> None:
        asked.append(1)
        if len(asked) < 15:
            raise OSError("does not answer")

    plan = Plan((spec(layout, "one", FOREVER, check=check, hung_after_s=0.1),), None, ())
    with running(plan, layout) as status:
        until(lambda: status().phase == "ready")
        assert process_of(status(), "one").restarts == 0
