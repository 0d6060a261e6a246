"""``credithub keys init | rotate | list``: the keys that close personal data."""

import json
from typing import Annotated

import typer

from bus.crypto.keys import create_key_file, load_key_file, rotate
from hub.settings import load_settings

_keys = typer.Typer(help="The keys for personal data.", no_args_is_help=True)


@_keys.command()
def init() -> None:
    """Make the key file; refuses when there is one."""
    path = load_settings().keys
    create_key_file(path)
    typer.echo(f"{path}: key 1")


@_keys.command("rotate")
def rotate_command() -> None:
    """Add a new encryption key; older ones still open what they closed."""
    path = load_settings().keys
    typer.echo(f"{path}: key {rotate(path).current}")


@_keys.command("list")
def list_command(as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False) -> None:
    """List the ids of the keys, never the keys."""
    ring = load_key_file(load_settings().keys)
    if as_json:
        typer.echo(json.dumps({"current": ring.current, "keys": sorted(ring.keys)}))
        return
    for key_id in sorted(ring.keys):
        typer.echo(f"{key_id}{'  current' if key_id == ring.current else ''}")


def register(app: typer.Typer) -> None:
    """Add ``keys`` to the application."""
    app.add_typer(_keys, name="keys")
