"""One supervised process: how it is started, watched, started again and stopped."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hub.stack.health import HealthMonitor, ServiceCheck
from hub.stack.logs import rotate_log
from hub.stack.status import ProcessStatus

_LAUNCHER = str(Path(__file__).with_name("launch.py"))
FIRST_BACKOFF_S = 0.5
LONGEST_BACKOFF_S = 30.0
# After so long in health, earlier failures no longer delay a restart.
FORGIVEN_AFTER_S = 60.0
_LOG_ROTATION_EVERY_S = 60.0


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """What to run. A spec without a command stands for a service that somebody else runs."""

    name: str
    command: tuple[str, ...]
    log_file: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    check: ServiceCheck | None = None
    """Raises while the process is not healthy; None: being alive is enough."""
    after: tuple[str, ...] = ()
    """Names of the processes that must be healthy before this one is first started."""
    before_start: Callable[[], None] | None = None
    """Called before each start, the first and every restart."""
    one_shot: bool = False
    address: str = ""
    stop_signal: signal.Signals = signal.SIGTERM
    grace_s: float = 15.0
    death_signal: signal.Signals = signal.SIGKILL
    """Sent by the kernel when the supervisor dies."""
    run_as: tuple[int, int] | None = None


def backoff_s(failures_in_a_row: int) -> float:
    """Return how long to wait before the next start: 0.5 s, doubled each time, at most 30 s."""
    return float(min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2 ** min(failures_in_a_row - 1, 10)))


def describe_exit(code: int) -> str:
    """Return an exit code in words: ``exit 3`` or ``SIGKILL``."""
    if code >= 0:
        return f"exit {code}"
    with contextlib.suppress(ValueError):
        return signal.Signals(-code).name
    return f"signal {-code}"


class Child:
    """The state of one process. All methods are called from the supervisor's main thread only.

    The thread matters: Linux sends the death signal when the *thread* that started the child ends.
    """

    def __init__(self, spec: ChildSpec) -> None:
        self.spec = spec
        self.state = "waiting" if spec.command else "external"
        self.restarts = 0
        self.last_exit = ""
        self.exit_code: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at: float | None = None
        self._healthy_since: float | None = None
        self._failures_in_a_row = 0
        self._next_start = 0.0
        self._next_rotation = 0.0
        self._monitor = HealthMonitor(spec.name, spec.check) if spec.check else None
        if self.state == "external" and self._monitor:
            self._monitor.resume()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self._process.poll() is None else None

    @property
    def is_healthy(self) -> bool:
        """Whether what depends on it may be started."""
        if self.state == "external":
            return self._monitor is None or self._monitor.verdict().is_healthy
        return self.state in ("healthy", "done")

    def start(self) -> None:
        """Start the process; its output is appended to its log."""
        spec = self.spec
        if spec.before_start:
            spec.before_start()
        rotate_log(spec.log_file)
        uid, gid = spec.run_as or (-1, -1)
        launcher = (sys.executable, "-I", "-S", _LAUNCHER, str(os.getpid()), str(int(spec.death_signal)))
        with spec.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [*launcher, str(uid), str(gid), *spec.command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(spec.environment),
                process_group=0,
            )
        self._started_at = time.time()
        self._healthy_since = None
        self.state = "starting"
        if self._monitor:
            self._monitor.resume()

    def tick(self, now: float) -> None:
        """Check the process, and start it again when its waiting time is over."""
        if self.state == "restarting" and now >= self._next_start:
            self.restarts += 1
            try:
                self.start()
            except OSError as exc:
                # No memory, process or file handle is left: the others go on, and this one is tried again later.
                self._ended(f"cannot be started: {exc.strerror}", now)
            return
        if self._process is None or self.state in ("stopped", "done", "failed", "restarting"):
            return
        code = self._process.poll()
        if code is not None:
            self.exit_code = code
            self._ended(describe_exit(code), now)
            return
        if now >= self._next_rotation:
            self._next_rotation = now + _LOG_ROTATION_EVERY_S
            with contextlib.suppress(OSError):
                rotate_log(self.spec.log_file, running=True)
        self._judge(now)

    def _ended(self, why: str, now: float) -> None:
        self.last_exit = why
        if self._monitor:
            self._monitor.pause()
        if self.spec.one_shot:
            self.state = "done" if self.exit_code == 0 else "failed"
            return
        if self._healthy_since is not None and now - self._healthy_since >= FORGIVEN_AFTER_S:
            self._failures_in_a_row = 0
        self._failures_in_a_row += 1
        self._healthy_since = None
        self._next_start = now + backoff_s(self._failures_in_a_row)
        self.state = "restarting"

    def _judge(self, now: float) -> None:
        if self.spec.one_shot:
            return
        if self._monitor is None:
            self.state = "healthy"
        else:
            verdict = self._monitor.verdict()
            if verdict.is_healthy:
                self.state = "healthy"
            elif self.state == "healthy":
                self.state = "unhealthy"
        if self.state == "healthy":
            self._healthy_since = self._healthy_since or now
        else:
            self._healthy_since = None

    @property
    def failures_in_a_row(self) -> int:
        return self._failures_in_a_row

    def ask_to_stop(self) -> None:
        """Send the stop signal and never start it again."""
        if self._monitor:
            self._monitor.pause()
        if self.state == "external":
            return
        if self._process is not None and self._process.poll() is None:
            # A stopped (SIGSTOP) process would not see the signal.
            self._signal(signal.SIGCONT)
            self._signal(self.spec.stop_signal)
        if self.state not in ("done", "failed"):
            self.state = "stopped"

    def wait_stopped(self) -> None:
        """Wait for the end; after the grace period kill it with its children."""
        if self._process is None:
            return
        try:
            code = self._process.wait(self.spec.grace_s)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
            code = self._process.wait()
        self.last_exit = describe_exit(code)

    def _signal(self, signal_number: signal.Signals) -> None:
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            if signal_number == signal.SIGKILL:
                os.killpg(self._process.pid, signal_number)
            else:
                self._process.send_signal(signal_number)

    def status(self) -> ProcessStatus:
        """Return what `credithub status` shows of it."""
        if self._monitor and self.state in ("external", "starting", "healthy", "unhealthy"):
            health = self._monitor.verdict().message
        else:
            health = ""
        state = self.state
        if state == "external":
            state = "external" if self.is_healthy else "unhealthy"
        started_at = self._started_at if self.pid else None
        return ProcessStatus(
            self.spec.name,
            self.pid,
            state,
            self.restarts,
            started_at,
            self.last_exit,
            health,
            self.spec.address,
        )
