"""A count of what a command reads, with what it does at the moment, on a terminal."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

_AFTER_S = 2.0


@contextmanager
def counting(what: str, unit: str = "") -> Iterator[tuple[Callable[[str], None], Callable[[int], None]]]:
    """Yield (say, count); they are shown once two seconds have passed, beginning with ``what``."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TextColumn("{task.completed:,.0f}" + unit))
    bar = Progress(*columns, TimeElapsedColumn(), console=console, transient=True, disable=not console.is_terminal)
    task = bar.add_task(what, total=None)
    began = time.monotonic()

    def start() -> None:
        if not bar.live.is_started and time.monotonic() - began > _AFTER_S:
            bar.start()

    def say(text: str) -> None:
        bar.update(task, description=text)
        start()

    def count(number: int) -> None:
        bar.advance(task, number)
        start()

    try:
        yield say, count
    finally:
        bar.stop()
