"""``credithub demo``: the main job on a fictitious city, from the departments' files to the banks' topics."""

import time
from typing import Annotated

import typer

from hub.settings import exact_settings, load_settings
from hub.terminal import Terminal


def demo(
    enterprises: Annotated[int, typer.Option(min=10, help="Enterprises of the fictitious city.")] = 2000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same city.")] = 1,
    stay: Annotated[bool, typer.Option("--stay", help="Leave everything running at the end.")] = False,
) -> None:
    """Start a stack of its own, sample a city, push all 68 items, wait for delivery, reconcile, show the figures.

    Exit code 1 when anything is lost, doubled or not delivered. Only <home>/demo is touched, and emptied first.
    """
    import hub.stack
    from hub.demo.report import print_next_steps
    from hub.demo.run import run_demo

    outer = load_settings()
    # Never a Kafka that the settings name: the sample is fictitious, and must not reach a real one.
    settings = exact_settings(
        home=(outer.home / "demo").resolve(),
        cache=(outer.stack.cache or outer.home / "cache").resolve(),
        jar_repository=outer.stack.jar_repository,
        workers=max(1, outer.processes.workers),
    )
    console, begun = Terminal(soft_wrap=True), time.monotonic()
    hub.stack.stop(settings, purge=True)
    settings.home.mkdir(parents=True, exist_ok=True)
    try:
        is_whole = run_demo(settings, console, enterprises=enterprises, seed=seed)
    except BaseException:
        if not stay:
            hub.stack.stop(settings)
        raise
    console.print(f"\ndone in {time.monotonic() - begun:.0f} s", highlight=False)
    print_next_steps(console, settings, running=stay)
    if not stay:
        hub.stack.stop(settings)
    raise typer.Exit(0 if is_whole else 1)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="Stack")(demo)
