"""The way to the terminal: whatever a file holds arrives there as text, neither as a command nor as markup."""

from typing import Any

import typer
from rich.console import Console
from rich.text import Text

from hub.visible_text import visible


class Terminal(Console):
    """A console that prints strings as they are: ``[bold]`` and ``:smile:`` in a cell are what the cell says."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options, markup=False, emoji=False)

    def render_str(self, text: str, **options: Any) -> Text:
        """Return a string as it is printed. Tables, too, measure and print their cells by this."""
        return super().render_str(visible(text), **options)


def echo(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Print a text as it is, JSON too."""
    typer.echo(visible(text), err=err, nl=nl)
