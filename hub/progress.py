"""The progress bars of the command line."""

from rich.console import Console
from rich.progress import Progress, ProgressColumn


def progress_bar(*columns: ProgressColumn | str, silent: bool = False) -> Progress:
    """Return a bar on the terminal's stderr that disappears at its end; it shows nothing where there is no terminal."""
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=silent or not console.is_terminal)
