"""What a terminal shows while the stack starts."""

from rich.progress import (
    BarColumn,
    DownloadColumn,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from hub.progress import progress_bar


class StackProgress:
    """A bar of all downloads, then a spinner with the current step; nothing when not on a terminal."""

    def __init__(self, *, enabled: bool) -> None:
        spinner, text = SpinnerColumn(), TextColumn("{task.description}")
        self._downloads = progress_bar(spinner, text, BarColumn(), DownloadColumn(), silent=not enabled)
        self._steps = progress_bar(spinner, text, TimeElapsedColumn(), silent=not enabled)
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
