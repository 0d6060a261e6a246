"""The supervisor on small real programs: order, restarts, failures, and that nothing outlives it."""

import errno
import os
import signal
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
from hub.settings import exact_settings
from hub.stack import kafka, orphans
from hub.stack.child import Child, ChildSpec, backoff_s, describe_exit, rotate
from hub.stack.health import HealthMonitor
from hub.stack.layout import Layout
from hub.stack.status import ProcessStatus, StackStatus, read_status, write_json, write_status
from hub.stack.supervisor import Plan, Supervisor

FOREVER = "import time; time.sleep(60)"
# Cannot be ended politely.
STUBBORN = (
    "import signal, time, pathlib, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "pathlib.Path(sys.argv[1]).touch(); time.sleep(60)"
)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout.of(exact_settings(home=tmp_path / "home"))
    made.create()
    return made


def spec(layout: Layout, name: str, program: str, *arguments: str, **changes: object) -> ChildSpec:
    environment = {**os.environ, orphans.STACK_VARIABLE: str(layout.home)}
    command = (sys.executable, "-S", "-c", program, *arguments)
    return ChildSpec(name, command, layout.log_file(name), environment, **changes)  # type: ignore[arg-type]


def until(condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


@contextmanager
def running(plan: Plan, layout: Layout) -> Iterator[Callable[[], StackStatus]]:
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


def hang(release: threading.Event) -> None:
    """Be a health check that answers late."""
    release.wait(30)


def one(status: StackStatus, name: str) -> ProcessStatus:
    return next(process for process in status.processes if process.name == name)


def test_stages_start_one_after_the_other(layout: Layout, tmp_path: Path) -> None:
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
        assert one(status(), "prepare").state == "done"
        pids = [process.pid for process in status().processes if process.pid]
        assert len(pids) == 3
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_a_killed_child_is_started_again(layout: Layout) -> None:
    with running(Plan((spec(layout, "one", FOREVER),), None, ()), layout) as status:
        until(lambda: status().phase == "ready")
        first = one(status(), "one").pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        until(lambda: one(status(), "one").restarts == 1 and status().phase == "ready")
        again = one(status(), "one")
        assert again.pid not in (None, first)
        assert again.last_exit == "SIGKILL"


def test_a_service_that_never_comes_up_is_given_up_with_the_end_of_its_log(layout: Layout) -> None:
    broken = spec(layout, "broken", "print('no such setting: x'); raise SystemExit(3)")
    with (
        pytest.raises(StackError, match="no such setting: x") as caught,
        running(Plan((broken,), None, ()), layout) as status,
    ):
        until(lambda: status().phase == "stopping")
    assert "exit 3" in caught.value.message
    assert "credithub logs broken" in caught.value.remedy


def test_a_failed_preparation_starts_no_worker(layout: Layout, tmp_path: Path) -> None:
    prepare = spec(layout, "prepare", "raise SystemExit('partitions differ')", one_shot=True)
    mark = tmp_path / "mark"
    worker = spec(layout, "worker", "import pathlib, sys; pathlib.Path(sys.argv[1]).touch()", str(mark))
    with (
        pytest.raises(StackError, match="partitions differ"),
        running(Plan((spec(layout, "one", FOREVER),), prepare, (worker,)), layout) as status,
    ):
        until(lambda: status().phase == "stopping")
    assert not mark.exists()


def test_a_worker_that_crashes_is_restarted_for_ever_and_shown(layout: Layout) -> None:
    worker = spec(layout, "worker", "raise SystemExit(7)", check=lambda: None)
    with running(Plan((), None, (worker,)), layout) as status:
        until(lambda: bool(status().processes) and one(status(), "worker").restarts >= 2)
        assert one(status(), "worker").last_exit == "exit 7"
        assert status().phase != "ready"


def test_a_child_that_ignores_sigterm_is_killed_after_the_grace(layout: Layout, tmp_path: Path) -> None:
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
def test_children_end_with_a_killed_supervisor_even_if_they_ignore_sigterm(layout: Layout, tmp_path: Path) -> None:
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


def test_orphans_are_found_by_their_mark_and_stopped(layout: Layout) -> None:
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


def test_a_full_disk_ends_nothing(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
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
        first, second = (one(status(), name).pid for name in ("one", "two"))
        assert first is not None
        full.set()
        os.kill(first, signal.SIGKILL)
        until(lambda: not psutil.pid_exists(first))
        time.sleep(1)
        full.clear()
        # It was started again meanwhile, and is told of as soon as there is room.
        until(lambda: one(status(), "one").restarts == 1 and status().phase == "ready")
        assert one(status(), "two").pid == second


def test_a_child_that_cannot_be_started_again_stops_no_other(layout: Layout) -> None:
    tries: list[int] = []

    def before() -> None:
        tries.append(len(tries))
        if len(tries) == 2:
            raise OSError(errno.EAGAIN, "Resource temporarily unavailable")

    plan = Plan((spec(layout, "one", FOREVER, before_start=before), spec(layout, "two", FOREVER)), None, ())
    with running(plan, layout) as status:
        until(lambda: status().phase == "ready")
        first, second = (one(status(), name).pid for name in ("one", "two"))
        assert first is not None
        os.kill(first, signal.SIGKILL)
        until(lambda: one(status(), "one").restarts == 2 and status().phase == "ready")
        assert one(status(), "two").pid == second


def test_the_log_of_a_running_process_is_emptied_in_place(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    with log.open("ab") as held:
        held.write(b"x" * 100)
        held.flush()
        rotate(log, limit_bytes=100, running=True)
        held.write(b"y")
    assert (log.read_bytes(), (tmp_path / "a.log.1").read_bytes()) == (b"y", b"x" * 100)


def test_what_is_kept_is_for_its_owner_alone(tmp_path: Path) -> None:
    layout = Layout.of(exact_settings(home=tmp_path / "home"))
    for folder in (layout.logs, layout.kafka):
        folder.mkdir(parents=True, mode=0o755)
    layout.create()
    for folder in (layout.run, layout.logs, layout.kafka, layout.streams, layout.upstream):
        assert folder.stat().st_mode & 0o077 == 0, folder


def test_topics_without_the_mark_of_their_formatting_are_not_deleted(layout: Layout) -> None:
    node = kafka.BrokerNode(1, layout.kafka, 9092, 9093)
    segment = layout.kafka / "data" / "credit.change.v1-0" / "00000000000000000000.log"
    segment.parent.mkdir(parents=True)
    segment.write_bytes(b"kept")
    with pytest.raises(StackError, match=r"no meta\.properties"):
        kafka.prepare(layout, node)
    (layout.kafka / "data" / "meta.properties").write_text("version=1\ncluster.id=abc\n", "utf-8")
    kafka.prepare(layout, node)
    assert segment.read_bytes() == b"kept"
    assert (layout.kafka / "formatted").read_text("utf-8") == "abc"


def test_a_postmaster_file_of_another_program_is_removed(tmp_path: Path) -> None:
    file = tmp_path / "postmaster.pid"
    file.write_text(f"{os.getpid()}\n{tmp_path}\n")
    orphans.clear_postmaster_file(tmp_path)
    assert not file.exists()
    # PostgreSQL judges a pid that is gone itself.
    with subprocess.Popen([sys.executable, "-S", "-c", ""]) as gone:
        gone.wait()
    file.write_text(f"{gone.pid}\n")
    orphans.clear_postmaster_file(tmp_path)
    assert file.exists()


def test_backoff_doubles_up_to_half_a_minute() -> None:
    assert [backoff_s(n) for n in (1, 2, 3, 7, 50)] == [0.5, 1.0, 2.0, 30.0, 30.0]


def test_exits_are_told_in_words() -> None:
    assert describe_exit(0) == "exit 0"
    assert describe_exit(-9) == "SIGKILL"


def test_logs_are_rotated_by_size(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    for number in range(6):
        log.write_text(str(number) * 10)
        rotate(log, limit_bytes=10)
        assert not log.exists()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.log.1", "a.log.2", "a.log.3"]
    assert (tmp_path / "a.log.1").read_text() == "5" * 10
    log.write_text("small")
    rotate(log, limit_bytes=10)
    assert log.read_text() == "small"


def test_a_check_that_hangs_counts_as_unhealthy() -> None:
    release = threading.Event()
    monitor = HealthMonitor("hung", lambda: hang(release), silence_s=0.1)
    monitor.resume()
    until(lambda: "no answer" in monitor.verdict().message)
    assert not monitor.verdict().is_healthy
    release.set()
    until(lambda: monitor.verdict().is_healthy)


def test_an_answer_about_a_former_process_is_not_taken_for_the_present_one() -> None:
    release = threading.Event()
    monitor = HealthMonitor("late", lambda: hang(release))
    monitor.resume()
    time.sleep(0.1)
    monitor.pause()
    release.set()
    time.sleep(0.2)
    assert not monitor.verdict().is_healthy
