"""``credithub certs make | client | renew | show``: the hub's own certificates."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from hub.certificates.authority import alternative_names
from hub.certificates.folder import RENEW_WITHIN, CertificateFile, CertificateFolder
from hub.settings import Settings, load_settings

_certs = typer.Typer(help="The hub's own certificates, for TLS with its clients.", no_args_is_help=True)
_EXIT_NEAR, _EXIT_EXPIRED = 1, 3
# Interfaces, and no addresses that a client could go to.
_EVERYWHERE = ("0.0.0.0", "::")


@_certs.command()
def make() -> None:
    """Make a local authority and the servers' certificate; refuses when there is an authority."""
    settings = load_settings()
    folder = CertificateFolder(settings.certificates)
    folder.make(names(settings), datetime.now(UTC))
    _show(list(folder.files()))


@_certs.command()
def client(name: Annotated[str, typer.Argument(help="The client, such as bank.yinhe.")]) -> None:
    """Make a client's certificate; the file holds its private key too, so hand it over as a password."""
    typer.echo(CertificateFolder(load_settings().certificates).add_client(name, datetime.now(UTC)))


@_certs.command()
def renew(name: Annotated[str, typer.Argument(help="ca, server, or a client's name.")]) -> None:
    """Make a certificate anew; the former one is kept in the folder `former`."""
    settings = load_settings()
    folder = CertificateFolder(settings.certificates)
    folder.renew(name, names(settings), datetime.now(UTC))
    _show([file for file in folder.files() if file.name == name])


@_certs.command()
def show(as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False) -> None:
    """Show every certificate and the days left. Exit code 1: one has 30 days or fewer; 3: one has expired."""
    folder = CertificateFolder(load_settings().certificates)
    files = list(folder.files())
    # What a server would not start with is an error here.
    folder.server_pem()
    _show(files, as_json=as_json)
    # A former authority has signed nothing that outlives it.
    left = min(file.left(datetime.now(UTC)) for file in files if file.kind != "former authority")
    if left <= RENEW_WITHIN:
        raise typer.Exit(_EXIT_NEAR if left > timedelta() else _EXIT_EXPIRED)


def names(settings: Settings) -> tuple[str, ...]:
    """Return the names and addresses, beside loopback, by which clients reach this hub's servers."""
    named = [name.strip() for name in settings.certs.names.split(",") if name.strip()]
    own = settings.processes.listen_host
    return tuple(dict.fromkeys([*named, *([] if own in _EVERYWHERE else [own])]))


@dataclass(frozen=True, slots=True)
class _Line:
    name: str
    kind: str
    state: str
    """valid, near or expired."""
    days_left: int
    valid_until: str
    names: tuple[str, ...]
    path: str

    def jsonable(self) -> dict[str, Any]:
        return {field: getattr(self, field) for field in self.__slots__}


def _line(file: CertificateFile, now: datetime) -> _Line:
    left = file.left(now)
    state = "expired" if left <= timedelta() else "near" if left <= RENEW_WITHIN else "valid"
    until = file.certificate.not_valid_after_utc
    return _Line(
        file.name,
        file.kind,
        state,
        left.days,
        until.isoformat(timespec="seconds"),
        alternative_names(file.certificate),
        str(file.path),
    )


def _show(files: list[CertificateFile], *, as_json: bool = False) -> None:
    lines = [_line(file, datetime.now(UTC)) for file in files]
    if as_json:
        typer.echo(json.dumps([line.jsonable() for line in lines], ensure_ascii=False, indent=1))
        return
    for line in lines:
        left = f"{line.days_left} days left" if line.state != "expired" else "EXPIRED"
        is_renewed = line.state != "valid" and line.kind != "former authority"
        near = f"  renew it: credithub certs renew {line.name}" if is_renewed else ""
        typer.echo(f"{line.kind:16}  {line.name:20}  until {line.valid_until[:10]}  {left}{near}")
        typer.echo(f"                  {line.path}{'  for ' + ', '.join(line.names) if line.names else ''}")


def register(app: typer.Typer) -> None:
    """Add ``certs`` to the application."""
    app.add_typer(_certs, name="certs")
