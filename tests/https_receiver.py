"""A bank's own https server, which webhooks are sent to: what it got, and what it answers, is the test's to say."""

import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson

from hub.certificates.authority import certificate_pem, issue_server, new_authority

NAME = "localhost"


@dataclass(frozen=True, slots=True)
class Got:
    """A request as it came."""

    headers: Mapping[str, str]
    body: bytes
    status: int = 0
    """What it was answered."""

    @property
    def data(self) -> dict[str, Any]:
        """What the body tells."""
        found: dict[str, Any] = orjson.loads(self.body)["data"]
        return found


Answer = tuple[int, Mapping[str, str]]


@dataclass(slots=True)
class Receiver:
    """``answers`` is asked for each request; ``authority`` is the file that trusts it."""

    authority: Path
    port: int = 0
    got: list[Got] = field(default_factory=list)
    answers: Callable[[Got], Answer] = lambda got: (204, {})

    @property
    def url(self) -> str:
        """Its address."""
        return f"https://{NAME}:{self.port}/hook"

    def taken(self) -> list[dict[str, Any]]:
        """Return the messages that it took, each once: what came again was dropped by its id."""
        found = {got.headers["webhook-id"]: got.data["messages"] for got in self.got if got.status < 300}
        return [message for messages in found.values() for message in messages]

    def messages(self, partition: int | None = None) -> list[dict[str, Any]]:
        """Return the messages that came, of one partition or of all."""
        return [
            message
            for got in self.got
            if partition is None or got.data["partition"] == partition
            for message in got.data["messages"]
        ]


@contextmanager
def https_receiver(folder: Path) -> Iterator[Receiver]:
    """Serve at loopback with a certificate of an authority of its own."""
    now = datetime.now(UTC)
    authority = new_authority(now)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "server.pem").write_text(issue_server(authority, (), now).pem())
    (folder / "ca.pem").write_text(certificate_pem(authority.certificate))
    receiver = Receiver(folder / "ca.pem")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            got = Got(dict(self.headers.items()), self.rfile.read(int(self.headers["content-length"])))
            status, headers = receiver.answers(got)
            receiver.got.append(replace(got, status=status))
            self.send_response(status)
            for name, value in {"content-length": "0", **headers}.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, address: object) -> None:
            """Say nothing: a client that ends a connection is what some tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    receiver.port = server.server_port
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join(60)
