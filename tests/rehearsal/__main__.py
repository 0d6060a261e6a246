"""``python -m tests.rehearsal [STORY …]``: loses a part of a hub, and gets it back as the operators' guide says.

Every command is the guide's own, taken out of its text. See `make rehearsal`.
"""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

import hub.stack
from tests.rehearsal.brokers import one_of_three_brokers
from tests.rehearsal.operator import Operator
from tests.rehearsal.site import Site
from tests.rehearsal.stories import STORIES

BROKER = "broker"
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    stories: Annotated[list[str] | None, typer.Argument(help=f"Of {', '.join(STORIES)}, {BROKER}; else all.")] = None,
) -> None:
    """Rehearse stories in their order; ends with the first that does not end right."""
    names = stories or [*STORIES, BROKER]
    if own := [name for name in names if name != BROKER]:
        _on_one_hub(own)
    if BROKER in names:
        with tempfile.TemporaryDirectory(prefix="credithub-rehearsal-") as folder, _timed(BROKER):
            one_of_three_brokers(Path(folder))


def _on_one_hub(names: list[str]) -> None:
    with tempfile.TemporaryDirectory(prefix="credithub-rehearsal-") as folder:
        site = Site(Operator(Path(folder)))
        try:
            site.operator.types("credithub up")
            for name in names:
                with _timed(name):
                    STORIES[name](site)
                    site.until_proven()
        finally:
            hub.stack.stop(site.settings)


@contextmanager
def _timed(name: str) -> Iterator[None]:
    begun = time.monotonic()
    yield
    typer.echo(f"{name}: all is there again, after {time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    app()
