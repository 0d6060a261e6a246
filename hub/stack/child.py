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

from hub.liveness import STARTS_WITHIN_S
from hub.log_lines import append
from hub.stack import ports
from hub.stack.health import HealthMonitor, ServiceCheck
from hub.stack.logs import rotate_log
from hub.stack.status import ProcessStatus
from monitoring.metrics import HEALTHY, RESTARTS

_LAUNCHER = str(Path(__file__).with_name("launch.py"))
FIRST_BACKOFF_S = 0.5
LONGEST_BACKOFF_S = 30.0
# After so long in health, earlier failures no longer delay a restart.
FORGIVEN_AFTER_S = 60.0
_LOG_ROTATION_EVERY_S = 60.0
# A question or two may always get lost.
_ASKED_IN_VAIN = 5
_ANSWERING = ("healthy", "unready")


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
    renewed: "Callable[[], ChildSpec] | None" = None
    """Asked before each start for the spec to start: with another port when somebody took the one of before."""
    hung_after_s: float | None = None
    """Without an answer for so long it is killed and started anew; None: never."""
    stop_signal: signal.Signals = signal.SIGTERM
    grace_s: float = 15.0
    death_signal: signal.Signals = signal.SIGKILL
    """Sent by the kernel when the supervisor dies."""
    run_as: tuple[int, int] | None = None
    folder: Path | None = None
    """Entered before the process becomes somebody else, who might not be let through to it; None: ours."""


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
        self._killed_because = ""
        # Whether the port is known to be this process's own; when it is not, which program had it at the start.
        self._is_itself, self._taken = False, ""
        self._monitor = HealthMonitor(spec.name, spec.check) if spec.check else None
        RESTARTS.labels(spec.name)
        HEALTHY.labels(spec.name).set_function(lambda: float(self.is_healthy))
        if self.state == "external" and self._monitor:
            self._monitor.resume()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self._process.poll() is None else None

    @property
    def is_healthy(self) -> bool:
        """Whether it answers, so that what depends on it may be started."""
        if self.state == "external":
            return self._monitor is None or self._monitor.verdict().is_healthy
        return self.state in (*_ANSWERING, "done")

    @property
    def is_ready(self) -> bool:
        """Whether it answers and may be relied upon."""
        return self.is_healthy and self.state != "unready"

    def start(self) -> None:
        """Start the process; its output is appended to its log."""
        if self.spec.renewed:
            self.spec = self.spec.renewed()
        spec = self.spec
        if spec.before_start:
            spec.before_start()
        self._taken = ports.taken(spec.address)
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
                cwd=spec.folder,
            )
        self._started_at, self._killed_because, self._is_itself = time.time(), "", False
        self._healthy_since = None
        self.state = "starting"
        if self._monitor:
            self._monitor.resume(spec.check)

    def tick(self, now: float) -> None:
        """Check the process, and start it again when its waiting time is over."""
        if self.state == "restarting" and now >= self._next_start:
            self.restarts += 1
            RESTARTS.labels(self.spec.name).inc()
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
            # What ends before it ever listened may have found another program on its port.
            taken = "" if self._is_itself else self._taken or ports.taken(self.spec.address)
            self._ended("; ".join(filter(None, (self._killed_because or describe_exit(code), taken))), now)
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
        # What was killed could not say it, and its log is where people look.
        with contextlib.suppress(OSError):
            append(self.spec.log_file, self.spec.name, f"the process has ended: {why}")
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
            if verdict.is_healthy and not self._is_itself:
                self._is_itself = self.pid is not None and ports.is_answered_by(self.pid, self.spec.address)
            if verdict.is_healthy and self._is_itself:
                self.state = "healthy" if verdict.is_ready else "unready"
            elif self.state in _ANSWERING:
                self.state = "unhealthy"
            if not verdict.is_healthy:
                self._kill_if_hung(self._monitor)
        if self.state in _ANSWERING:
            self._healthy_since = self._healthy_since or now
        else:
            self._healthy_since = None

    def _kill_if_hung(self, monitor: HealthMonitor) -> None:
        if self.spec.hung_after_s is None or self._killed_because:
            return
        silent_s, failures, has_answered = monitor.silence()
        limit_s = self.spec.hung_after_s if has_answered else max(self.spec.hung_after_s, STARTS_WITHIN_S)
        if silent_s > limit_s and failures >= _ASKED_IN_VAIN:
            self._killed_because = f"killed: no answer for {silent_s:.0f} s"
            self._signal(signal.SIGKILL)

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
        if self._monitor and self.state in ("external", "starting", "healthy", "unready", "unhealthy"):
            verdict = self._monitor.verdict()
            is_another = verdict.is_healthy and not self._is_itself and self.state == "starting"
            health = f"another program answers at {self.spec.address}" if is_another else verdict.message
            if self.state == "starting" and not self._is_itself:
                health = self._taken or health
        else:
            health = ""
        state = "unhealthy" if self.state == "external" and not self.is_healthy else self.state
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
