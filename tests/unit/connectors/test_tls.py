"""By https to the real reference node: who trusts whom, and what is said when somebody does not."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from cryptography.hazmat.primitives import serialization

from catalogue.errors import SinkUnavailable, UsageError
from catalogue.load import load_catalogue
from connectors.http_out import Backoff, HttpOut, Refused
from connectors.tls import ClientTls
from federation.receiver.app import create_app
from hub.certificates.authority import Issued, certificate_pem, issue_client, issue_server, new_authority
from tests.ports import free_port
from tests.serving import serving

NOW = datetime.now(UTC)
TOKEN = "fictitious-token"
BATCH = "/v1/batches/" + "0" * 32


class Site:
    """A node that lets in who shows a certificate of its authority, and the files of all sorts of clients."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.own, self.other = new_authority(NOW), new_authority(NOW)
        self.authority = self.written("ca.pem", certificate_pem(self.own.certificate))
        self.stranger = self.written("other-ca.pem", certificate_pem(self.other.certificate))
        self.known = self.issued("known.pem", issue_client(self.own, "node.630100", NOW))
        self.port = free_port()

    def written(self, name: str, text: str) -> Path:
        file = self._folder / name
        file.write_text(text, "utf-8")
        return file

    def issued(self, name: str, issued: Issued) -> Path:
        return self.written(name, issued.pem())

    def server(self) -> uvicorn.Config:
        identity = self.issued("server.pem", issue_server(self.own, [], NOW))
        return uvicorn.Config(
            create_app(self._folder / "store.sqlite3", load_catalogue(), TOKEN),
            host="0.0.0.0",
            port=self.port,
            access_log=False,
            log_config=None,
            ssl_certfile=identity,
            ssl_ca_certs=str(self.authority),
            ssl_cert_reqs=ssl.CERT_REQUIRED,
        )

    def put(self, tls: ClientTls, host: str = "127.0.0.1", port: int = 0) -> Any:
        with closing(
            HttpOut(
                f"https://{host}:{port or self.port}",
                headers={"authorization": f"Bearer {TOKEN}"},
                timeout_s=10.0,
                backoff=Backoff(0.01, 0.01, 0.0),
                stop=threading.Event(),
                tls=tls,
            )
        ) as out:
            try:
                return out.put(BATCH, b"x" * 1000, {})
            finally:
                self.problem = out.problem


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("tls"))
    with serving(site.server()):
        yield site


def test_who_is_known_is_let_in(site: Site) -> None:
    # The node read what was sent, and says what it finds wrong with it.
    with pytest.raises(Refused):
        site.put(ClientTls(site.authority, site.known))


def test_the_key_may_lie_in_a_file_of_its_own(site: Site) -> None:
    text = site.known.read_text("utf-8")
    begin = text.index("-----BEGIN CERTIFICATE")
    key, certificate = site.written("own.key.pem", text[:begin]), site.written("own.pem", text[begin:])
    with pytest.raises(Refused):
        site.put(ClientTls(site.authority, certificate, key))


@pytest.mark.parametrize(
    "client",
    [
        lambda site: None,
        lambda site: site.issued("foreign.pem", issue_client(site.other, "node.630100", NOW)),
        lambda site: site.issued("expired.pem", issue_client(site.own, "node.630100", NOW - timedelta(days=400))),
        lambda site: site.issued("no-client.pem", issue_server(site.own, [], NOW)),
    ],
    ids=["none", "of another authority", "expired", "made for a server"],
)
def test_who_is_not_known_is_told_so(site: Site, client: Callable[[Site], Path | None]) -> None:
    with pytest.raises(SinkUnavailable, match="it refuses our certificate") as denied:
        site.put(ClientTls(site.authority, client(site)))
    assert "CREDITHUB_UPSTREAM_CA, _CERT and _KEY" in denied.value.remedy
    assert "it refuses our certificate" in site.problem


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize(
    ("client", "reason"),
    [
        (lambda site: None, "HANDSHAKE_FAILURE|CERTIFICATE_REQUIRED"),
        (lambda site: site.issued("foreign.pem", issue_client(site.other, "x", NOW)), "UNKNOWN_CA"),
        (lambda site: site.issued("old.pem", issue_client(site.own, "x", NOW - timedelta(days=400))), "EXPIRED"),
    ],
    ids=["none", "of another authority", "expired"],
)
def test_what_a_platform_says_of_our_certificate_is_told(
    site: Site, client: Callable[[Site], Path | None], reason: str, version: ssl.TLSVersion
) -> None:
    """The node's server ends the connection in silence; others say why, as Java's and nginx do."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=site.authority)
    context.load_cert_chain(site.issued("server.pem", issue_server(site.own, [], NOW)))
    context.verify_mode, context.minimum_version, context.maximum_version = ssl.CERT_REQUIRED, version, version

    def refuse(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection, contextlib.suppress(ssl.SSLError):
            context.wrap_socket(connection, server_side=True).recv(1)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=refuse, args=(listening,))
        thread.start()
        try:
            with pytest.raises(SinkUnavailable, match=f"it refuses our certificate .*({reason})"):
                site.put(ClientTls(site.authority, client(site)), port=listening.getsockname()[1])
        finally:
            thread.join(60)


@pytest.mark.attack(by="who answers in the platform's place", wants="records and the token, without its certificate")
@pytest.mark.parametrize(("host", "trusted"), [("127.0.0.1", "stranger"), ("127.0.0.1", None), ("127.0.0.2", "own")])
def test_a_node_that_is_not_known_is_told_nothing(site: Site, host: str, trusted: str | None) -> None:
    """Neither one of another authority, nor one at an address that its certificate does not name."""
    authority = {"stranger": site.stranger, "own": site.authority, None: None}[trusted]
    with pytest.raises(SinkUnavailable, match="its certificate is refused") as denied:
        site.put(ClientTls(authority, site.known), host)
    assert "CREDITHUB_UPSTREAM_CA, _CERT and _KEY" in denied.value.remedy


def test_a_file_that_is_missing_or_wrong_is_named(site: Site, tmp_path: Path) -> None:
    missing, empty = tmp_path / "missing.pem", site.written("empty.pem", "")
    other = site.issued("other.pem", issue_client(site.own, "x", NOW))
    cases = {
        "missing.pem cannot be read: No such file": (
            ClientTls(missing),
            ClientTls(site.authority, missing),
            ClientTls(site.authority, site.known, missing),
        ),
        "holds no certificates": (ClientTls(empty),),
        "is not the private key of": (
            ClientTls(site.authority, empty),
            ClientTls(site.authority, site.authority),
            ClientTls(site.authority, site.known, other),
        ),
        "the key of no certificate": (ClientTls(site.authority, None, site.known),),
    }
    for text, refused in cases.items():
        for tls in refused:
            with pytest.raises(UsageError, match=text) as error:
                tls.context()
            assert error.value.remedy


def test_nobody_is_asked_for_the_password_of_a_key(site: Site) -> None:
    issued = issue_client(site.own, "x", NOW)
    closed = issued.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"fictitious"),
    ).decode()
    file = site.written("closed.pem", closed + certificate_pem(issued.certificate))
    with pytest.raises(UsageError, match="is not the private key") as refused:
        ClientTls(site.authority, file).context()
    assert "without a password" in refused.value.remedy
