"""``credithub demo``: the main job on a fictitious city, from the departments' files to the banks' topics."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from hub.settings import exact_settings, load_settings
from hub.terminal import Terminal

if TYPE_CHECKING:
    from hub.settings import Settings

app = typer.Typer(invoke_without_command=True)

_Seed = Annotated[int, typer.Option(help="The same seed gives the same city.")]
_Stay = Annotated[bool, typer.Option("--stay", help="Leave everything running at the end.")]
_Enterprises = Annotated[int, typer.Option(min=10, help="Enterprises of the fictitious city.")]
_Run = Callable[["Settings", Console], bool]
_Next = Callable[[Console, "Settings"], None]


@app.callback()
def demo(context: typer.Context, enterprises: _Enterprises = 2000, seed: _Seed = 1, stay: _Stay = False) -> None:
    """Start a stack of its own, sample a city, push all 68 items, wait for delivery, reconcile, show the figures.

    Exit code 1 when anything is lost, doubled or not delivered. Only <home>/demo is touched, and emptied first.
    """
    if context.invoked_subcommand is not None:
        return
    from hub.demo.report import print_next_steps
    from hub.demo.run import run_demo

    _on_own_stack(
        lambda settings, console: run_demo(settings, console, enterprises=enterprises, seed=seed),
        lambda console, settings: print_next_steps(console, settings, running=stay),
        stay=stay,
    )


@app.command()
def consent(enterprises: _Enterprises = 10, seed: _Seed = 1, stay: _Stay = False) -> None:
    """Tell the story of one consent (授权): asked for, granted, told, revoked on the enterprise's page, and proved.

    Exit code 1 when anything is not as it must be. It has the stack of `credithub demo`: only <home>/demo is touched,
    and emptied first.
    """
    from hub.demo.consent import run_consent_story
    from hub.demo.report import print_story_steps
    from hub.demo.story_subject import story_subject

    subject = story_subject(enterprises, seed)
    _on_own_stack(
        lambda settings, console: run_consent_story(settings, console, subject, enterprises=enterprises, seed=seed),
        lambda console, settings: print_story_steps(console, settings, subject.enterprise.uscc, running=stay),
        stay=stay,
    )


def _on_own_stack(run: _Run, print_next: _Next, *, stay: bool) -> None:
    import hub.stack

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
        is_whole = run(settings, console)
    except BaseException:
        if not stay:
            hub.stack.stop(settings)
        raise
    console.print(f"\ndone in {time.monotonic() - begun:.0f} s", highlight=False)
    print_next(console, settings)
    if not stay:
        hub.stack.stop(settings)
    raise typer.Exit(0 if is_whole else 1)


def register(parent: typer.Typer) -> None:
    """Add the commands."""
    parent.add_typer(app, name="demo", rich_help_panel="Stack")
