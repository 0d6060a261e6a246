"""``credithub access``: Kafka's users, what each may, and other passwords for them."""

import json
from collections.abc import Sequence
from typing import Annotated

import typer

from bus import grants
from bus.principals import Principal, principals
from bus.users import PREPARE
from catalogue.errors import UsageError
from catalogue.load import load_catalogue
from hub.preparation import client_security
from hub.recipients_folder import banks_of, removed_of
from hub.settings import Settings, bus_config, load_settings
from hub.stack.kafka import NODE
from hub.terminal import echo

_access = typer.Typer(no_args_is_help=True, help="Kafka's users, what each may, and other passwords for them.")


@_access.command("show")
def show(as_json: Annotated[bool, typer.Option("--json", help="Print each user's rights as JSON.")] = False) -> None:
    """Print the commands that give Kafka's users their rights, for whoever administrates a Kafka that others run.

    The embedded broker's are given by `credithub prepare`. No password is printed.
    """
    settings = load_settings()
    config, every = bus_config(settings, PREPARE), _principals(settings)
    if as_json:
        rights = {config.topic(one.name): [right._asdict() for right in one.rights()] for one in every}
        echo(json.dumps(rights, ensure_ascii=False))
        return
    for command in grants.commands(config, every):
        echo(command)


@_access.command("rotate")
def rotate(
    users: Annotated[list[str] | None, typer.Argument(metavar="[USER]...", help="Without prefix; none: all.")] = None,
) -> None:
    """Give users another password, in Kafka and in their client files.

    Processes of the hub that run read theirs within a second, and go on without a restart. A bank is told its own from
    <access>/bank.ID.json; until it is, its connections stand, and new ones are refused.
    """
    for name in rotate_passwords(load_settings(), users):
        echo(name)


@_access.command("compose")
def compose() -> None:
    """Print a password for each user, as docker-compose.yml takes them: append it to credithub.env, once."""
    for user in (NODE, *(one.name for one in _principals(load_settings()))):
        echo(f"{compose_variable(user)}={grants.new_password()}")


def compose_variable(user: str) -> str:
    """Return the variable of docker-compose.yml that holds a user's password."""
    return f"KAFKA_{user.upper().replace('.', '_')}_PASSWORD"


def rotate_passwords(settings: Settings, users: Sequence[str] | None = None) -> list[str]:
    """Give users another password; None or none: all. Return their names.

    Raises UsageError for an unknown one, and where this hub cannot change Kafka's passwords.
    """
    known = {one.name: one for one in _principals(settings)}
    chosen = [*(users or known)]
    if unknown := [name for name in chosen if name not in known]:
        raise UsageError(f"There is no user {unknown[0]!r}.", remedy=f"Use one of: {', '.join(known)}.")
    folder = settings.client_files
    if folder is None or not grants.has_admin(folder):
        raise UsageError(
            "This hub has no administrator's client file (admin.json), so it cannot change Kafka's passwords.",
            remedy="Have whoever administrates Kafka change them, and write them into the client files.",
        )
    grants.grant(
        bus_config(settings, PREPARE),
        folder,
        [known[name] for name in chosen],
        anew=chosen,
        secured=client_security(settings),
    )
    return chosen


def _principals(settings: Settings) -> tuple[Principal, ...]:
    return principals(load_catalogue(), banks_of(settings), removed_of(settings))


def register(app: typer.Typer) -> None:
    """Add ``access`` to the application."""
    app.add_typer(_access, name="access")
