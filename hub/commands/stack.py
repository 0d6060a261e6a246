"""``credithub up | down | status | logs``: the embedded stack."""

import json
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from catalogue.errors import UsageError
from hub.durations import duration
from hub.settings import Endpoints, Settings, endpoints, load_settings
from hub.terminal import Terminal, echo
from monitoring.addresses import shown_address

if TYPE_CHECKING:
    from hub.overview import Overview
    from hub.stack.status import ProcessStatus, StackStatus

# As with systemctl: a stack that is not running gives 3.
_EXIT_STOPPED = 3
_EXIT_DEGRADED = 1
# Phases in which nothing runs that could be looked at.
_AWAY = ("stopped", "failed")
_MOST_GROUPS = 20
_TITLES = {"kafka": "Kafka", "registry": "registry", "postgres": "PostgreSQL", "upstream": "upstream"}
_STYLES = {
    "healthy": "green",
    "external": "green",
    "done": "green",
    "starting": "yellow",
    "waiting": "yellow",
    "unready": "yellow",
}


def up(
    foreground: Annotated[bool, typer.Option("--foreground", help="Stay attached; Ctrl-C stops everything.")] = False,
    services_only: Annotated[
        bool,
        typer.Option("--services-only", help="Kafka, registry, PostgreSQL and the preparation; no workers, no sinks."),
    ] = False,
    timeout: Annotated[
        float, typer.Option(min=1, help="Seconds without any progress after which it gives up.")
    ] = 240.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the addresses as JSON.")] = False,
) -> None:
    """Start the stack in the background and wait until all of it is healthy."""
    from hub.stack import control
    from hub.stack.progress import StackProgress

    settings = load_settings()
    before = control.status(settings)
    was_up = before.phase in ("ready", "degraded")
    if foreground:
        _run_in_foreground(settings, services_only=services_only, was_up=was_up)
        return
    started = time.monotonic()
    with StackProgress(enabled=not as_json) as display:
        addresses = control.start(
            settings,
            services_only=services_only,
            timeout_s=timeout,
            on_download=display.download,
            on_step=display.step,
        )
    if as_json:
        more = {"endpoints_file": str(settings.endpoints_file), "already_up": was_up}
        echo(json.dumps({**_shown(addresses), **more}, ensure_ascii=False))
        return
    if was_up:
        echo("Already up.")
        if before.services_only and not services_only:
            echo("Only the services run; workers and sinks too: `credithub down`, then `credithub up`.")
    else:
        echo(f"Up after {time.monotonic() - started:.1f} s.")
    _print_addresses(addresses)


def down(
    purge: Annotated[bool, typer.Option("--purge", help="Delete all data, logs and keys; keep the downloads.")] = False,
    purge_all: Annotated[bool, typer.Option("--purge-all", help="Delete the downloads too.")] = False,
) -> None:
    """Stop everything gracefully."""
    from hub.stack import control
    from hub.stack.progress import StackProgress

    with StackProgress(enabled=True) as display:
        display.step("stopping")
        ran = control.stop(settings := load_settings(), purge=purge, purge_cache=purge_all)
    echo("Stopped." if ran else "Nothing was running.")
    if purge or purge_all:
        echo("The data is deleted.")
        if names := control.remaining(settings):
            echo(f"Left in {settings.home}: {', '.join(names)}.")


def status(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Show every process and how every arrow moves, what banks were told, which rows were not taken.

    Exit code 0 when all is healthy, 1 when not, 3 when the stack is stopped.
    """
    from hub.stack import control

    settings = load_settings()
    current = control.status(settings)
    now = time.time()
    overview = _overview(settings) if current.phase not in _AWAY else None
    if as_json:
        rows = [{**asdict(row), "uptime_s": _uptime(row.started_at, now)} for row in current.processes]
        seen = {} if overview is None else overview.as_json()
        body = {**asdict(current), "home": str(settings.home), "processes": rows, **seen}
        echo(json.dumps(body, ensure_ascii=False))
    else:
        _print_status(current, now)
        if overview is not None:
            _print_overview(overview)
    if current.phase != "ready":
        raise typer.Exit(_EXIT_STOPPED if current.phase in _AWAY else _EXIT_DEGRADED)


def logs(
    name: Annotated[str, typer.Argument(help="A process of `credithub status`, or supervisor.")] = "supervisor",
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on as the log grows.")] = False,
    lines: Annotated[int, typer.Option("-n", "--lines", min=0, help="How many lines of the end.")] = 50,
) -> None:
    """Show the end of a process's log."""
    from hub.stack.layout import HomeLayout
    from hub.stack.logs import tail_of

    folder = HomeLayout.of(load_settings()).logs
    names = sorted(file.stem for file in folder.glob("*.log"))
    if name not in names:
        raise UsageError(
            f"There is no log of {name!r} in {folder}.",
            remedy=f"Name one of: {', '.join(names)}." if names else "Start the stack with `credithub up`.",
        )
    file = folder / f"{name}.log"
    if lines and not file.stat().st_size:
        echo(f"The log of {name} is empty: no line since its start.", err=True)
    for line in tail_of(file, lines, follow=follow):
        echo(line, nl=False)


def register(app: typer.Typer) -> None:
    """Add the commands of the stack."""
    for command in (up, down, status, logs):
        app.command(rich_help_panel="Stack")(command)


def _run_in_foreground(settings: Settings, *, services_only: bool, was_up: bool) -> None:
    from hub.stack import control, daemon
    from hub.stack.progress import StackProgress

    if was_up:
        raise UsageError("The stack runs in the background already.", remedy="Stop it first with `credithub down`.")
    with StackProgress(enabled=True) as display:
        control.prepare_machine(settings, display.download)
    printed = ""

    def print_change(current: "StackStatus") -> None:
        nonlocal printed
        line = f"{current.phase} {current.step}".strip()
        if line != printed:
            printed = line
            echo(line)
            if current.phase == "ready":
                _print_addresses(endpoints(settings))

    failure = daemon.serve(settings, services_only=services_only, on_status=print_change)
    if failure:
        raise failure


def _print_status(current: "StackStatus", now: float) -> None:
    console = Terminal(soft_wrap=True)
    mode = " (services only)" if current.services_only else ""
    console.print(f"{current.phase}{mode}{': ' + current.step if current.step else ''}", highlight=False)
    if current.error:
        console.print(f"{current.error}\n  → {current.remedy}", markup=False, highlight=False)
    if current.processes:
        console.print(_process_table(console, current.processes, now))


def _overview(settings: Settings) -> "Overview":
    from hub.overview import overview_within

    return overview_within(settings)


def _print_overview(overview: "Overview") -> None:
    from catalogue.load import load_catalogue
    from hub.overview_tables import overview_tables
    from hub.printing import terminal

    console, catalogue = terminal(), load_catalogue()
    for part in overview_tables(overview, catalogue, _MOST_GROUPS):
        console.print()
        console.print(part)


def _process_table(console: Console, processes: "tuple[ProcessStatus, ...]", now: float) -> Table:
    table = Table(box=None, pad_edge=False)
    if not console.is_terminal:
        console.width = 200
    for title in ("name", "pid", "state", "restarts", "uptime", "last exit", "health", "address"):
        table.add_column(title, justify="right" if title in ("pid", "restarts", "uptime") else "left")
    for process in processes:
        style = _STYLES.get(process.state, "red")
        uptime = _uptime(process.started_at, now)
        table.add_row(
            process.name, str(process.pid or ""), Text(process.state, style), str(process.restarts),
            "" if uptime is None else duration(uptime), process.last_exit, process.health, process.address,
        )  # fmt: skip
    return table


def _print_addresses(addresses: Endpoints) -> None:
    for name, address in _shown(addresses).items():
        echo(f"  {_TITLES[name]:<10}  {address}")


def _shown(addresses: Endpoints) -> dict[str, str]:
    """Return the addresses without passwords, which stay in run/endpoints.json: terminals and logs are kept."""
    return {
        "kafka": addresses.bootstrap,
        "registry": shown_address(addresses.registry_url),
        "postgres": shown_address(addresses.postgres_dsn),
        "upstream": shown_address(addresses.upstream_url),
    }


def _uptime(started_at: float | None, now: float) -> float | None:
    return None if started_at is None else round(max(0.0, now - started_at), 1)
