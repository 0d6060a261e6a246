"""Questions about a file, asked at the terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.progress import Progress

from catalogue.errors import Question
from hub.terminal import echo


class TerminalQuestions:
    """Asks which answer it is. A progress bar is taken away meanwhile, lest it wipes the question out."""

    def __init__(self) -> None:
        self._bar: Progress | None = None

    @contextmanager
    def beside(self, bar: Progress) -> Iterator[Progress]:
        """Show a progress bar as long as nothing is asked."""
        self._bar = bar
        with bar:
            yield bar

    def __call__(self, question: Question) -> int:
        """Return the answer's place among the choices; typer.Abort ends the command."""
        if self._bar is not None:
            self._bar.stop()
        echo(question.message, err=True)
        for number, choice in enumerate(question.choices, start=1):
            echo(f"  {number}. {choice}", err=True)
        answer = ""
        while not (answer.isdecimal() and 1 <= int(answer) <= len(question.choices)):
            answer = typer.prompt("请输入编号（Ctrl-C 退出，不报送）", err=True).strip()
        if self._bar is not None:
            self._bar.start()
        return int(answer) - 1
