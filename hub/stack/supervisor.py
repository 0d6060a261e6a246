"""Keeps a set of processes running: services first, then one preparation, then the hub's own processes."""

import contextlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain

from catalogue.errors import StackError
from hub.log_lines import ENDS
from hub.stack import orphans, preflight
from hub.stack.child import Child, ChildSpec
from hub.stack.diagnosis import diagnose, disk_full
from hub.stack.layout import HomeLayout
from hub.stack.status import StackStatus, write_status

_TICK_S, _CALM_TICK_S = 0.1, 1.0
# A service that ends so often before it was ever healthy will not recover by another start.
_HOPELESS_AFTER = 4


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run, in this order; each stage waits until the one before is healthy."""

    services: tuple[ChildSpec, ...]
    prepare: ChildSpec | None
    processes: tuple[ChildSpec, ...]
    services_only: bool = False


class Supervisor:
    """Runs a plan until it is asked to stop; everything happens on the thread that calls `run`."""

    def __init__(
        self,
        plan: Plan,
        layout: HomeLayout,
        pid: int,
        *,
        on_services_ready: Callable[[], None] = lambda: None,
        on_status: Callable[[StackStatus], None] = lambda _status: None,
    ) -> None:
        self._layout = layout
        self._pid = pid
        self._plan = plan
        self._on_services_ready = on_services_ready
        self._on_status = on_status
        self._services = [Child(spec) for spec in plan.services]
        self._prepare = [Child(plan.prepare)] if plan.prepare else []
        self._processes = [Child(spec) for spec in plan.processes]
        self._services_were_ready = False
        self._was_ready = False
        self._stopping = False
        self._published: StackStatus | None = None
        self._recorded: dict[str, int] = {}

    @property
    def _all(self) -> Iterable[Child]:
        return chain(self._services, self._prepare, self._processes)

    def request_stop(self) -> None:
        """End `run` soon; may be called from a signal handler."""
        self._stopping = True

    def run(self) -> None:
        """Supervise until `request_stop`; then stop all, in reverse order.

        Raises StackError, after stopping all, when the stack cannot come up.
        """
        try:
            while not self._stopping:
                self._advance(time.monotonic())
                self._publish()
                is_calm = self._published is not None and self._published.phase == "ready"
                time.sleep(_CALM_TICK_S if is_calm else _TICK_S)
        finally:
            self._stop_all()

    def _advance(self, now: float) -> None:
        for child in self._all:
            child.tick(now)
        self._start_ready(self._services)
        if all(child.is_healthy for child in self._services):
            if not self._services_were_ready:
                self._services_were_ready = True
                self._on_services_ready()
            self._start_ready(self._prepare)
        if self._services_were_ready and all(child.is_healthy for child in self._prepare):
            self._start_ready(self._processes)
        self._record()
        self._give_up_if_hopeless()

    def _record(self) -> None:
        pids = {child.spec.name: pid for child in self._all if (pid := child.pid)}
        # A full disk must not end what runs; the next turn tries again.
        with contextlib.suppress(OSError):
            if pids != self._recorded:
                orphans.record(self._layout.children_file, pids)
                self._recorded = pids

    def _start_ready(self, children: list[Child]) -> None:
        healthy = {child.spec.name for child in self._all if child.is_healthy}
        ready = [child for child in children if child.state == "waiting" and healthy.issuperset(child.spec.after)]
        for child in ready:
            child.start()

    def _give_up_if_hopeless(self) -> None:
        if self._prepare and self._prepare[0].state == "failed":
            raise StackError(
                f"The preparation failed ({self._prepare[0].last_exit}): {self._last_line(self._prepare[0])}",
                remedy="See `credithub logs prepare`; mend the cause and run `credithub up` again.",
            )
        if self._services_were_ready:
            return
        for child in self._services:
            if child.failures_in_a_row >= _HOPELESS_AFTER:
                raise diagnose(child.spec, child.last_exit, self._layout)

    @staticmethod
    def _last_line(child: Child) -> str:
        lines = child.spec.log_file.read_text("utf-8", errors="replace").strip().splitlines()
        return lines[-1].rpartition(f"{ENDS}: ")[2] if lines else ""

    def _publish(self) -> None:
        status = self._status()
        if status == self._published:
            return
        # A full disk must not end what runs; the next turn tries again.
        with contextlib.suppress(OSError):
            write_status(self._layout.status_file, status)
            self._published = status
        self._on_status(status)

    def _status(self) -> StackStatus:
        rows = tuple(child.status() for child in self._all)
        waiting_for = [child.spec.name for child in self._all if not child.is_ready]
        if self._stopping:
            phase, step = "stopping", ""
        elif not waiting_for:
            phase, step = "ready", ""
            self._was_ready = True
        else:
            phase = "degraded" if self._was_ready else "starting"
            step = f"waiting for {', '.join(waiting_for)}"
        error, remedy = "", ""
        free = preflight.free_bytes(self._layout.home) if waiting_for else preflight.EXHAUSTED_BYTES
        if free < preflight.EXHAUSTED_BYTES:
            full = disk_full(self._layout, free)
            error, remedy = full.message, full.remedy
        return StackStatus(phase, step, error, remedy, self._pid, self._plan.services_only, rows)

    def _stop_all(self) -> None:
        self._stopping = True
        self._publish()
        # What others depend on is stopped last: the database after the registry.
        needed = {name for child in self._services for name in child.spec.after}
        leaves = [child for child in self._services if child.spec.name not in needed]
        roots = [child for child in self._services if child.spec.name in needed]
        for stage in (self._processes, self._prepare, leaves, roots):
            for child in stage:
                child.ask_to_stop()
            for child in stage:
                child.wait_stopped()
        self._publish()
