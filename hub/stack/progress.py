"""What a terminal shows while the stack starts."""

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)


class StackProgress:
    """A bar of all downloads, then a spinner with the current step; nothing when not on a terminal."""

    def __init__(self, *, enabled: bool) -> None:
        console = Console(stderr=True)
        silent = not (enabled and console.is_terminal)
        spinner, text = SpinnerColumn(), TextColumn("{task.description}")
        self._downloads = Progress(
            spinner, text, BarColumn(), DownloadColumn(), console=console, transient=True, disable=silent
        )
        self._steps = Progress(spinner, text, TimeElapsedColumn(), console=console, transient=True, disable=silent)
        self._bar: TaskID | None = None
        self._line: TaskID | None = None
        self._sizes: dict[str, int] = {}
        self._total = 0

    def __enter__(self) -> "StackProgress":
        return self

    def __exit__(self, *_exception: object) -> None:
        self._downloads.stop()
        self._steps.stop()

    def download(self, name: str, done: int, total: int) -> None:
        """Show how far the downloads are; called from several threads."""
        if self._bar is None:
            self._bar = self._downloads.add_task("downloading Kafka and the registry", total=0)
            self._downloads.start()
        if name not in self._sizes:
            self._total += total
        self._sizes[name] = done
        self._downloads.update(self._bar, completed=sum(list(self._sizes.values())), total=self._total)

    def step(self, text: str) -> None:
        """Show what is waited for."""
        self._downloads.stop()
        if self._line is None:
            self._line = self._steps.add_task(text, total=None)
            self._steps.start()
        self._steps.update(self._line, description=text or "ready")
