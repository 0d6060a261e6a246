"""``credithub keys init | rotate | list | public``: the keys that close personal data, and the one that signs."""

import json
from typing import Annotated

import typer

from bus.crypto.keys import create_key_file, load_key_file, rotate
from bus.crypto.signing_keys import load_signing_keys, rotate_signing_keys
from hub.settings import load_settings

_keys = typer.Typer(help="The keys for personal data, and the key that signs consents.", no_args_is_help=True)


@_keys.command()
def init() -> None:
    """Make the key file; refuses when there is one."""
    path = load_settings().keys
    create_key_file(path)
    typer.echo(f"{path}: key 1")


@_keys.command("rotate")
def rotate_command(
    signing: Annotated[bool, typer.Option("--signing", help="The signing key instead; then restart `portal`.")] = False,
) -> None:
    """Add a new encryption key; older ones still open what they closed."""
    settings = load_settings()
    if signing:
        path = settings.signing_keys
        typer.echo(f"{path}: key {rotate_signing_keys(path).signer.kid}")
        return
    path = settings.keys
    typer.echo(f"{path}: key {rotate(path).current}")


@_keys.command()
def public() -> None:
    """Print the public keys by which consents are verified, those of before too (JWK set, RFC 7517)."""
    typer.echo(json.dumps(load_signing_keys(load_settings().signing_keys).as_jwks(), indent=1))


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
