"""A process that the harness starts, hurts and starts again; it cannot outlive the harness."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import hub.stack.launch

REPOSITORY = Path(__file__).parents[2]
_LAUNCHER = str(Path(hub.stack.launch.__file__))


class Process:
    """One process under one name. ``wanted``: ``tend`` starts it again when it ends, as a supervisor would."""

    def __init__(self, name: str, command: Sequence[str], log: Path, environment: Mapping[str, str]) -> None:
        self.name, self.log = name, log
        self.wanted = False
        self.restarts = 0
        self.exits: list[int] = []
        self._command, self._environment = tuple(command), dict(environment)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        """Whether it lives, stopped or not."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Return the pid of the living process."""
        assert self._process is not None, f"{self.name} does not run"
        return self._process.pid

    def start(self) -> None:
        """Start it; its output is appended to its log."""
        launcher = (sys.executable, "-I", "-S", _LAUNCHER, str(os.getpid()), str(int(signal.SIGKILL)), "-1", "-1")
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as out:
            self._process = subprocess.Popen(
                (*launcher, *self._command),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=self._environment,
                cwd=self.log.parent,
                process_group=0,
            )
        self.wanted = True

    def tend(self) -> None:
        """Start it again when it ended although it is wanted."""
        if self.wanted and self._process is not None and self._process.poll() is not None:
            self.exits.append(self._process.returncode)
            self.restarts += 1
            self.start()

    def signal(self, number: int) -> None:
        """Send a signal, when it lives."""
        if self.is_running:
            os.kill(self.pid, number)

    @staticmethod
    def signal_to(pid: int, number: int) -> None:
        """Send a signal to a process of the supervisor's."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)

    def kill(self) -> None:
        """End it at once, and for good until the next start."""
        self.wanted = False
        if self.is_running:
            self.signal(signal.SIGKILL)
            self._wait(30)

    def stop(self, grace_s: float = 30) -> float:
        """Ask it to end and kill it after the grace; return how long that took."""
        self.wanted = False
        begun = time.monotonic()
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        if self._process is not None:
            try:
                self._wait(grace_s)
            except subprocess.TimeoutExpired:
                self.kill()
        return time.monotonic() - begun

    def _wait(self, timeout_s: float) -> None:
        assert self._process is not None
        self.exits.append(self._process.wait(timeout_s))

    def mark(self) -> int:
        """Return where the log ends now, for ``said``."""
        return self.log.stat().st_size if self.log.exists() else 0

    def said(self, since: int = 0) -> str:
        """Return what it logged since a mark; nothing while it never ran."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as lines:
            lines.seek(since)
            return lines.read().decode("utf-8", "replace")


class NotInTime(Exception):
    """What was waited for did not happen."""


def until(what: Callable[[], Any], told: str, patience_s: float, each: Callable[[], None] = lambda: None) -> Any:
    """Wait until ``what`` is true and return it; ``each`` is called in between. Raises NotInTime."""
    end = time.monotonic() + patience_s
    while not (found := what()):
        if time.monotonic() > end:
            raise NotInTime(f"{told}: not within {patience_s:.0f} s")
        each()
        time.sleep(0.1)
    return found
