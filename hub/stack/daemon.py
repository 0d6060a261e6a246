"""The supervisor as a process: ``python -m hub.stack.daemon SETTINGS.json`` (see `hub.stack.start`)."""

import contextlib
import fcntl
import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from catalogue.errors import HubError
from hub.log_lines import log_to_stderr
from hub.settings import Settings, exact_settings
from hub.stack import blueprint, diagnosis, orphans, targets
from hub.stack.hub_specs import SUPERVISOR
from hub.stack.layout import HomeLayout
from hub.stack.ports import Ports
from hub.stack.status import ProcessStatus, StackStatus, write_json, write_status
from hub.stack.supervisor import Supervisor
from monitoring.health import ProcessIdentity
from monitoring.serving import serve as serve_metrics
from monitoring.serving import steady

# It runs as a program.
log = logging.getLogger("hub.stack.daemon")
OnStatus = Callable[[StackStatus], None]
_BAD_STATES = ("restarting", "failed", "unhealthy")


@contextlib.contextmanager
def sole_supervisor(layout: HomeLayout) -> Iterator[bool]:
    """Hold the home's lock; yields False when another supervisor holds it.

    The kernel lets the lock go when its holder dies, however it dies, so it is never stale.
    """
    with layout.lock_file.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        write_json(layout.supervisor_file, {"pid": os.getpid(), "born": orphans.birth(os.getpid())})
        try:
            yield True
        finally:
            layout.supervisor_file.unlink(missing_ok=True)


def serve(settings: Settings, *, services_only: bool, on_status: OnStatus = lambda _status: None) -> HubError | None:
    """Run the stack in this process until SIGTERM or SIGINT; return why it could not come up, if so."""
    log_to_stderr(SUPERVISOR)
    layout = HomeLayout.of(settings)
    layout.create()
    # Both hold for the children, too. The city's data and the logs are for nobody else on this machine. And nobody may
    # read a credithub.env that was changed since the start: it is for the next one.
    os.umask(0o077)
    os.chdir(layout.home)
    with sole_supervisor(layout) as is_sole:
        if not is_sole:
            log.error("another supervisor runs this home")
            return None
        failure = _supervise(settings, layout, services_only=services_only, on_status=on_status)
        layout.endpoints_file.unlink(missing_ok=True)
        layout.children_file.unlink(missing_ok=True)
        # A full disk, on which the status cannot be written, must not hide why the stack ended.
        with contextlib.suppress(OSError):
            if failure:
                log.critical("the stack ends: %s", failure)
            write_status(layout.status_file, _last_status(failure, services_only))
        return failure


def _last_status(failure: HubError | None, services_only: bool) -> StackStatus:
    phase = "failed" if failure else "stopped"
    message, remedy = (failure.message, failure.remedy) if failure else ("", "")
    return StackStatus(phase, "", message, remedy, os.getpid(), services_only, ())


def _supervise(settings: Settings, layout: HomeLayout, *, services_only: bool, on_status: OnStatus) -> HubError | None:
    stop_requested = False

    def request_stop(_number: int, _frame: object) -> None:
        nonlocal stop_requested
        stop_requested = True
        targets.withdraw(layout)
        if supervisor:
            supervisor.request_stop()

    supervisor: Supervisor | None = None
    ports = Ports(layout.ports_file, pinned=settings.stack.pin_ports)
    signal.signal(signal.SIGTERM, request_stop)
    signal.signal(signal.SIGINT, request_stop)
    try:
        first = StackStatus("starting", "preparing", "", "", os.getpid(), services_only, ())
        write_status(layout.status_file, first)
        on_status(first)
        left_behind = orphans.find(layout)
        if left_behind:
            log.warning("stopping %d processes that a killed supervisor left", len(left_behind))
            orphans.stop(left_behind)
        drawn = blueprint.draw(settings, layout, ports, services_only=services_only)
        supervisor = Supervisor(
            drawn.plan,
            layout,
            os.getpid(),
            on_services_ready=lambda: blueprint.publish_endpoints(layout.endpoints_file, drawn.endpoints),
            on_status=_logged(on_status),
        )
        serve_metrics(drawn.metrics_port, identity=ProcessIdentity(str(layout.home), SUPERVISOR))
        if not stop_requested:
            supervisor.run()
    except HubError as error:
        return error
    except OSError as error:
        return diagnosis.from_os_error(error, layout)
    finally:
        ports.close()
        if stop_requested:
            # Once more: a process that was being started meanwhile was named again.
            targets.withdraw(layout)
    return None


def _logged(on_status: OnStatus) -> OnStatus:
    """Wrap a listener so that every change of a process's state is a line in the supervisor's log, with its reason."""
    logged: dict[str, tuple[str, str]] = {}

    def listen(status: StackStatus) -> None:
        for process in status.processes:
            reason = _reason(process)
            # A reason that grows ("for 31 s") is the same one.
            if logged.get(process.name) != (state := (process.state, steady(reason))):
                logged[process.name] = state
                pid = f" (pid {process.pid})" if process.pid else ""
                level = logging.WARNING if process.state in _BAD_STATES else logging.INFO
                log.log(level, "%s is %s%s%s", process.name, process.state, pid, f": {reason}" if reason else "")
        on_status(status)

    return listen


def _reason(process: ProcessStatus) -> str:
    if process.state in ("restarting", "failed", "done"):
        # Who reads of a signal asks at once who sent it; what hangs ends with "killed: no answer …".
        return process.last_exit.replace("SIGKILL", "SIGKILL, not by this supervisor", 1)
    return process.health if process.state in ("unready", "unhealthy") else ""


def main() -> int:
    """Read the settings that `start` left, and serve."""
    values = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    services_only = bool(values.pop("services_only"))
    # Resolved by whoever started us: neither the environment nor credithub.env may change them now.
    settings = exact_settings(**values)
    return 1 if serve(settings, services_only=services_only) else 0


if __name__ == "__main__":
    sys.exit(main())
