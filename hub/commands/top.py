"""``credithub top``: one screen that refreshes, of processes, arrows, banks and rows that were not taken."""

from typing import Annotated

import typer
from rich.console import Group
from rich.live import Live
from rich.text import Text

from catalogue.load import load_catalogue
from catalogue.model import Catalogue
from catalogue.times import SHANGHAI
from hub.overview import Overview, OverviewWatch
from hub.overview_tables import overview_tables
from hub.printing import terminal
from hub.settings import load_settings
from hub.stack import control
from hub.stack.status import GOOD_STATES, ProcessStatus, StackStatus
from hub.visible_text import visible

_MOST_GROUPS = 4
_ANSWER_WITHIN_S = 10.0


def top(
    every: Annotated[float, typer.Option("--every", help="Seconds between two looks.", min=0.5)] = 2.0,
    looks: Annotated[int, typer.Option("-n", "--looks", help="End after so many looks; 0: never.", min=0)] = 0,
) -> None:
    """Show on one screen what moves, what waits for whom and what is wrong, until Ctrl-C.

    Rates and pending come from the broker's offsets and the committed positions, not from the processes.
    """
    settings, catalogue, console = load_settings(), load_catalogue(), terminal()
    watch, number = OverviewWatch(settings, every), 0
    with Live(console=console, screen=console.is_terminal, auto_refresh=False) as live:
        try:
            while not looks or number < looks:
                number += 1
                overview = watch.nth(number, every + _ANSWER_WITHIN_S)
                screen = screen_of(control.status(settings), overview, catalogue)
                if console.is_terminal:
                    live.update(screen, refresh=True)
                else:
                    console.print(screen)
        except KeyboardInterrupt:
            return


def screen_of(stack: StackStatus, overview: Overview, catalogue: Catalogue) -> Group:
    """Return the whole screen."""
    seen = f"{overview.seen_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"
    heading = Text(f"{stack.phase}  {seen} (Beijing time)", style="bold")
    tables = [part for table in overview_tables(overview, catalogue, _MOST_GROUPS) for part in (Text(""), table)]
    return Group(heading, *_processes(stack), *tables)


def _processes(stack: StackStatus) -> list[Text]:
    """What is ready on one line, and each that is not with its reason: that is what the eye should fall on."""
    lines = [Text(visible(f"{stack.error} → {stack.remedy}"), style="red")] if stack.error else []
    ready = [process.name for process in stack.processes if is_ready(process)]
    if ready:
        lines.append(Text(f"ready: {', '.join(ready)}", style="green"))
    for process in stack.processes:
        if not is_ready(process):
            lines.append(Text(visible(f"{process.state}: {process.name}: {_why(process)}"), style="red"))
    return lines


def _why(process: ProcessStatus) -> str:
    """Why it is not ready, and how its former life ended, which is the cause of what does not stay up."""
    before = f"its last life ended: {process.last_exit}" if process.last_exit else ""
    started = f"started {process.restarts + 1} times" if process.restarts else ""
    return "; ".join(filter(None, (process.health, started, before))) or "no answer"


def is_ready(process: ProcessStatus) -> bool:
    """Whether a process is there and says of itself that others may rely on it."""
    return process.state in GOOD_STATES and process.health in ("", "ok")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="Stack")(top)
