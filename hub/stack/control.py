"""Start, stop and inspect the stack of one home, from any process."""

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from catalogue.errors import StackError
from hub.processes import SUPERVISED_SECRETS, environment_without_settings, with_secrets
from hub.settings import Endpoints, Settings, plain_settings
from hub.stack import diagnosis, downloads, orphans, preflight, targets
from hub.stack.elsewhere import status_elsewhere
from hub.stack.fetcher import OnDownload
from hub.stack.layout import HomeLayout
from hub.stack.logs import rotate_log
from hub.stack.patience import StartPatience
from hub.stack.status import GOOD_STATES, STOPPED, StackStatus, read_status, write_json

_POLL_S = 0.1
_STOP_WITHIN_S = 90.0
START_TIMEOUT_S = 240.0

OnStep = Callable[[str], None]


def supervisor_of(layout: HomeLayout) -> psutil.Process | None:
    """Return the living supervisor of a home; a stale file (``kill -9``, a reused pid) counts as none."""
    try:
        row = json.loads(layout.supervisor_file.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return orphans.same_process(row["pid"], row.get("born", ""))


def status(settings: Settings) -> StackStatus:
    """Return the state of the stack, whether it runs or not."""
    layout = HomeLayout.of(settings)
    published = read_status(layout.status_file)
    if settings.processes.process_addresses:
        return status_elsewhere(settings, settings.processes.process_addresses)
    if supervisor_of(layout) is not None:
        return published or StackStatus("starting", "preparing", "", "", None, False, ())
    if published is None or published.phase == "stopped":
        return STOPPED
    if published.phase == "failed":
        return published
    return StackStatus(
        "stopped",
        "",
        "The supervisor was killed.",
        "Run `credithub up`; it clears what was left.",
        None,
        False,
        (),
    )


def prepare_machine(settings: Settings, on_download: OnDownload | None = None) -> None:
    """Check platform and disk and fetch what is missing; StackError with the remedy."""
    layout = HomeLayout.of(settings)
    try:
        _prepare_machine(settings, layout, on_download)
    except OSError as error:
        raise diagnosis.from_os_error(error, layout) from error


def _prepare_machine(settings: Settings, layout: HomeLayout, on_download: OnDownload | None) -> None:
    preflight.check_platform()
    layout.create()
    if settings.kafka.bootstrap and settings.registry.url:
        preflight.check_disk(layout, downloads_complete=True)
        return
    is_complete = downloads.is_complete(layout.cache)
    preflight.check_disk(layout, downloads_complete=is_complete)
    if not is_complete:
        downloads.download(layout.cache, mirror=settings.stack.jar_repository, on_download=on_download)


def start(
    settings: Settings,
    *,
    services_only: bool = False,
    timeout_s: float = START_TIMEOUT_S,
    on_download: OnDownload | None = None,
    on_step: OnStep = lambda _step: None,
) -> Endpoints:
    """Bring the stack up in the background and return its addresses once all of it is ready.

    Only waits when it is up. Raises StackError, with the remedy, when it does not come up, or when nothing of it moved
    for ``timeout_s``.
    """
    layout = HomeLayout.of(settings)
    daemon: subprocess.Popen[bytes] | None = None
    if supervisor_of(layout) is None:
        prepare_machine(settings, on_download)
        layout.endpoints_file.unlink(missing_ok=True)
        layout.status_file.unlink(missing_ok=True)
        daemon = _spawn(settings, layout, services_only=services_only)
    try:
        _wait_ready(layout, daemon, StartPatience(timeout_s), on_step)
    finally:
        if daemon is not None and daemon.poll() is None:
            # The supervisor outlives us on purpose; Popen would warn of a child that nobody waited for.
            daemon.returncode = 0
    return Endpoints(**json.loads(layout.endpoints_file.read_text("utf-8")))


def _spawn(settings: Settings, layout: HomeLayout, *, services_only: bool) -> subprocess.Popen[bytes]:
    values = {
        **plain_settings(with_secrets(settings, SUPERVISED_SECRETS)),
        "home": str(layout.home),
        "cache": str(layout.cache),
    }
    write_json(layout.settings_file, {**values, "services_only": services_only})
    log_file = layout.log_file("supervisor")
    rotate_log(log_file)
    with log_file.open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "hub.stack.daemon", str(layout.settings_file)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment_without_settings(),
            # A session of its own, so that closing the terminal does not end it.
            start_new_session=True,
        )


def _wait_ready(
    layout: HomeLayout, daemon: subprocess.Popen[bytes] | None, patience: StartPatience, on_step: OnStep
) -> None:
    step = ""
    while not patience.is_over(current := read_status(layout.status_file)):
        alive = supervisor_of(layout) is not None
        if current and (latest := _with_loading(current.step, patience.loading)) != step:
            step = latest
            on_step(step)
        if current and alive and current.phase == "ready" and layout.endpoints_file.exists():
            return
        if not alive and (daemon is None or daemon.poll() is not None):
            current = read_status(layout.status_file)
            if current and current.phase == "failed":
                raise StackError(current.error, remedy=current.remedy)
            raise StackError("The supervisor ended at once.", remedy="See `credithub logs supervisor`.")
        time.sleep(_POLL_S)
    rows = [row for row in (current.processes if current else ()) if row.state not in (*GOOD_STATES, "waiting")]
    states = "; ".join(f"{row.name} is {row.state} ({row.health or row.last_exit or 'no answer'})" for row in rows)
    raise StackError(
        f"The stack is not ready, and for {patience.timeout_s:.0f} s nothing of it moved: "
        f"{states or step or 'nothing was reported'}.",
        remedy="It goes on in the background: see `credithub status` and `credithub logs NAME`.",
    )


def _with_loading(step: str, loading: tuple[str, ...]) -> str:
    return f"{step}; still loading: {', '.join(loading)}" if loading and step else step


def stop(settings: Settings, *, purge: bool = False, purge_cache: bool = False) -> bool:
    """Stop everything of this home, gracefully, and leave no process; return whether anything ran.

    ``purge`` deletes the data and logs too, ``purge_cache`` also the downloads (when they lie in the home).
    """
    layout = HomeLayout.of(settings)
    targets.withdraw(layout)
    supervisor = supervisor_of(layout)
    ran = supervisor is not None
    if supervisor is not None:
        supervisor.send_signal(signal.SIGCONT)
        supervisor.terminate()
        if not orphans.wait_gone(supervisor, _STOP_WITHIN_S):
            supervisor.kill()
            orphans.wait_gone(supervisor, 5.0)
    if layout.home.exists():
        left_behind = orphans.find(layout)
        orphans.stop(left_behind)
        ran = ran or bool(left_behind)
        layout.endpoints_file.unlink(missing_ok=True)
        layout.children_file.unlink(missing_ok=True)
        layout.supervisor_file.unlink(missing_ok=True)
    if purge or purge_cache:
        # Data in an existing Kafka or PostgreSQL stays, and could not be read without its keys.
        keeps_data = bool(settings.kafka.bootstrap or settings.postgres.existing)
        _purge(layout, with_keys=not keeps_data, with_cache=purge_cache)
    return ran


def remaining(settings: Settings) -> tuple[str, ...]:
    """Return the names of what lies in the home; after a purge: what is not the hub's, or was to stay."""
    home = HomeLayout.of(settings).home
    return tuple(sorted(entry.name for entry in home.iterdir())) if home.exists() else ()


def _purge(layout: HomeLayout, *, with_keys: bool, with_cache: bool) -> None:
    # CREDITHUB_HOME may name, by mistake, a folder of other things, in which `logs` may be somebody else's, too.
    if layout.home in (Path.home(), *Path.cwd().parents, Path.cwd()) or (layout.home / ".git").exists():
        raise StackError(
            f"{layout.home} is not a folder of its own, so nothing in it is deleted.",
            remedy="Delete what is ours in it yourself, and give CREDITHUB_HOME a folder of its own.",
        )
    for entry in layout.own_entries(with_keys=with_keys, with_cache=with_cache):
        # A link is removed and not followed: what it leads to may be used by others.
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink(missing_ok=True)
    if layout.home.is_dir() and not layout.home.is_symlink() and not any(layout.home.iterdir()):
        layout.home.rmdir()
