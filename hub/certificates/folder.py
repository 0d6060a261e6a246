"""The folder of certificates: ``ca.pem``, ``ca.key.pem``, ``server.pem``, ``clients/NAME.pem``, and ``former/``.

Every file is its owner's alone (0600). A file with a private key holds its certificate too, so the two are renewed in
one step. Nothing is overwritten: what is renewed moves to ``former/``, its name says until which day it is valid.
"""

import os
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from bus.crypto.private_files import create_private, folder_alone, private_text, written_beside
from catalogue.errors import UsageError
from hub.certificates.authority import (
    Issued,
    PrivateKey,
    certificate_pem,
    issue_client,
    issue_server,
    new_authority,
)

AUTHORITY = "ca"
SERVER = "server"
RENEW_WITHIN = timedelta(days=30)
"""From so long before its end a certificate is told as near it."""
_CLIENT = re.compile(r"[a-z][a-z0-9]*([.-][a-z0-9]+)*")
_LONGEST_NAME = 48


@dataclass(frozen=True, slots=True)
class ServerPem:
    """What a server of this hub is started with: PEM files, by absolute paths."""

    authority: Path
    """The certificates that clients trust, and by which a server knows clients: one, or two while one is replaced."""
    identity: Path
    """The server's private key (PKCS #8, not encrypted) and its certificate."""


@dataclass(frozen=True, slots=True)
class CertificateFile:
    """A certificate in the folder; ``name`` is ``ca``, ``server`` or the client's."""

    name: str
    kind: str
    """authority, former authority, server or client."""
    path: Path
    certificate: x509.Certificate

    def left(self, now: datetime) -> timedelta:
        """Return for how long it is valid still; negative: since when it is not."""
        return self.certificate.not_valid_after_utc - now


class CertificateFolder:
    """The certificates of one hub. Every method may raise UsageError: a file is damaged, or others can read it."""

    def __init__(self, path: Path) -> None:
        self._path = path.expanduser().absolute()
        self._ca, self._ca_key = self._path / "ca.pem", self._path / "ca.key.pem"
        self._server, self._clients = self._path / "server.pem", self._path / "clients"

    def make(self, names: Collection[str], now: datetime) -> None:
        """Make an authority and the server's certificate; raises UsageError when there is an authority."""
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with folder_alone(self._path):
            if self._is_made():
                raise UsageError(
                    f"There is an authority in {self._path} already.",
                    remedy="`credithub certs renew server` makes the server's certificate anew.",
                )
            authority = new_authority(now)
            server = issue_server(authority, names, now)
            # The authority's certificate last: without it nobody takes the folder for complete.
            _create(self._ca_key, authority.pem())
            _create(self._server, server.pem())
            _create(self._ca, certificate_pem(authority.certificate))

    def add_client(self, name: str, now: datetime) -> Path:
        """Make a client's certificate and return its file; raises UsageError when there is one of this name."""
        if _CLIENT.fullmatch(name) is None or len(name) > _LONGEST_NAME or name in (AUTHORITY, SERVER):
            raise UsageError(
                f"{name!r} is no name of a client.",
                remedy=f"Use a-z, 0-9 and single . - between them, at most {_LONGEST_NAME}: bank.yinhe.",
            )
        path = self._clients / f"{name}.pem"
        with folder_alone(self._existing()):
            self._clients.mkdir(mode=0o700, exist_ok=True)
            _create(path, issue_client(self._authority(), name, now).pem())
        return path

    def renew(self, name: str, names: Collection[str], now: datetime) -> None:
        """Make a certificate anew: ``ca``, ``server`` (for these names and addresses), or a client's by its name.

        A new authority is trusted beside the former one, which signs no more and whose certificates stay valid.
        """
        with folder_alone(self._existing()):
            if name == AUTHORITY:
                self._renew_authority(now)
            elif name == SERVER:
                self._replace(self._server, issue_server(self._authority(), names, now).pem())
            else:
                self._renew_client(name, now)

    def files(self) -> Iterator[CertificateFile]:
        """Yield every certificate in use: authorities, the newest first, then the server's, then the clients'."""
        for number, certificate in enumerate(self._authorities()):
            yield CertificateFile(AUTHORITY, "former authority" if number else "authority", self._ca, certificate)
        if self._server.exists():
            yield CertificateFile(SERVER, "server", self._server, _certificates(self._server)[0])
        for path in sorted(self._clients.glob("*.pem")):
            yield CertificateFile(path.stem, "client", path, _certificates(path)[0])

    def server_pem(self) -> ServerPem | None:
        """Return what a server is started with; None when no certificates were made.

        Raises UsageError when others can read the private key, or a file is missing or damaged.
        """
        if not self._is_made():
            return None
        for path in (self._ca, self._server):
            _certificates(path)
        return ServerPem(self._ca, self._server)

    def _renew_authority(self, now: datetime) -> None:
        # The key last: were it lost meanwhile, the former one would still sign what is trusted.
        authority = new_authority(now)
        trusted = [authority.certificate, *(c for c in self._authorities() if c.not_valid_after_utc > now)]
        self._replace(self._ca, "".join(map(certificate_pem, trusted)))
        self._replace(self._ca_key, authority.pem())

    def _renew_client(self, name: str, now: datetime) -> None:
        known = {file.name: file.path for file in self.files() if file.kind == "client"}
        if name not in known:
            raise UsageError(
                f"There is no certificate {name!r}.",
                remedy=f"Use one of: {', '.join((AUTHORITY, SERVER, *known))}; or `credithub certs client NAME`.",
            )
        self._replace(known[name], issue_client(self._authority(), name, now).pem())

    def _authority(self) -> Issued:
        text = _text(self._ca_key)
        try:
            key = load_pem_private_key(text.encode(), None)
            certificate = x509.load_pem_x509_certificate(text.encode())
        except (ValueError, TypeError) as exc:
            raise _damaged(self._ca_key) from exc
        if not isinstance(key, PrivateKey):
            raise _damaged(self._ca_key)
        return Issued(certificate, key)

    def _authorities(self) -> list[x509.Certificate]:
        self._existing()
        return _certificates(self._ca)

    def _is_made(self) -> bool:
        try:
            return self._ca.exists()
        except PermissionError as exc:
            raise UsageError(
                f"The folder {self._path} cannot be read: {exc.strerror}.", remedy="Run this as the hub's user."
            ) from exc

    def _existing(self) -> Path:
        if not self._is_made():
            raise UsageError(f"There are no certificates in {self._path}.", remedy="`credithub certs make` makes them.")
        return self._path

    def _replace(self, path: Path, text: str) -> None:
        """Put another file in the place of one, in one step, and keep the former one."""
        former = self._path / "former"
        former.mkdir(mode=0o700, exist_ok=True)
        replaced = _certificates(path)[0]
        kept = f"{path.stem}.until-{replaced.not_valid_after_utc:%Y%m%d}.{replaced.serial_number:040x}{path.suffix}"
        if not (former / kept).exists():
            os.link(path, former / kept, follow_symlinks=False)
        with written_beside(path, text) as fresh:
            os.replace(fresh, path)


def _create(path: Path, text: str) -> None:
    try:
        create_private(path, text)
    except FileExistsError as exc:
        raise UsageError(
            f"There is a file {path} already.",
            remedy="`credithub certs renew` makes one anew. If `certs make` was cut short, move the file away.",
        ) from exc


def _certificates(path: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(_text(path).encode())
    except ValueError as exc:
        raise _damaged(path) from exc


def _text(path: Path) -> str:
    try:
        return private_text(path, what="The certificate", exposed="make it anew with `credithub certs renew`")
    except FileNotFoundError as exc:
        raise UsageError(f"There is no file {path}.", remedy="Restore the folder from its backup.") from exc
    except OSError as exc:
        raise UsageError(
            f"The file {path} cannot be read: {exc.strerror}.",
            remedy="Run this as the hub's user, and name the file itself, no link to it.",
        ) from exc


def _damaged(path: Path) -> UsageError:
    return UsageError(f"The file {path} is damaged.", remedy="Restore it from its backup, or renew it.")
