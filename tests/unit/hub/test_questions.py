"""A question at the terminal is asked until the answer is one of the choices, and no bar wipes it out."""

import io

import typer
from rich.console import Console
from rich.progress import Progress
from typer.testing import CliRunner

from catalogue.errors import Question
from hub.questions import TerminalQuestions

QUESTION = Question("“注册资本”的单位是元还是万元？", ("元", "万元"), remedy="请写明。")


def test_the_answer_is_one_of_the_choices() -> None:
    app = typer.Typer()

    @app.command()
    def ask() -> None:
        typer.echo(f"answer {TerminalQuestions()(QUESTION)}")

    result = CliRunner().invoke(app, input="万元\n3\n 2 \n")
    assert "  1. 元\n  2. 万元\n" in result.output
    assert result.output.count("请输入编号") == 3
    assert result.output.endswith("answer 1\n")


def test_the_bar_stands_still_while_it_is_asked() -> None:
    app, running = typer.Typer(), []
    bar = Progress(console=Console(file=io.StringIO(), force_terminal=True))
    stop = bar.stop

    def noted_stop() -> None:
        running.append(bar.live.is_started)
        stop()

    bar.stop = noted_stop  # type: ignore[method-assign]

    @app.command()
    def ask() -> None:
        questions = TerminalQuestions()
        with questions.beside(bar):
            questions(QUESTION)
            running.append(bar.live.is_started)

    assert CliRunner().invoke(app, input="1\n").exit_code == 0
    # Running when it is asked, running again behind the answer, and ended with the command.
    assert running == [True, True, True]
    assert not bar.live.is_started
