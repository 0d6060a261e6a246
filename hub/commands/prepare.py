"""``credithub prepare``: what the processes expect, created once."""

import typer

from hub.settings import load_settings


def prepare() -> None:
    """Create topics, register schemas, migrate the database, make keys: all that the processes expect."""
    from hub.preparation import prepare_hub

    done = prepare_hub(load_settings())
    if done.schemas_restored:
        typer.echo("the registry was empty: its schemas are restored, with the ids that they had")
    typer.echo(f"prepared: {done.topics_created} topics made, {done.schemas_registered} schemas registered")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(prepare)
