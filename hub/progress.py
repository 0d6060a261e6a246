"""The progress bars of the command line."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import Progress, ProgressColumn, SpinnerColumn, TextColumn, TimeElapsedColumn

from hub.terminal import Terminal

# What ends sooner needs no bar.
_AFTER_S = 2.0


def progress_bar(*columns: ProgressColumn | str, silent: bool = False) -> Progress:
    """Return a bar on the terminal's stderr that disappears at its end; it shows nothing where there is no terminal."""
    console = Terminal(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=silent or not console.is_terminal)


@contextmanager
def counting(what: str, unit: str = "") -> Iterator[tuple[Callable[[str], None], Callable[[int], None]]]:
    """Yield (say, count): what is done at the moment, beginning with ``what``, and how much came.

    The bar appears after two seconds.
    """
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TextColumn("{task.completed:,.0f}" + unit))
    bar = progress_bar(*columns, TimeElapsedColumn())
    task = bar.add_task(what, total=None)
    began_s = time.monotonic()

    def start() -> None:
        if not bar.live.is_started and time.monotonic() - began_s > _AFTER_S:
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
