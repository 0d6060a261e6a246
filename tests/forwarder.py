"""A way to a service that a test shuts and opens again: nobody else who uses the service notices."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from urllib.parse import urlsplit

from tests.ports import free_port

_CHUNK = 65536


class Forwarder:
    """Listens on ``port`` and hands everything on to a service; begins shut. Use as a context."""

    def __init__(self, host: str, port: int) -> None:
        self._service = (host, port)
        self._listener: socket.socket | None = None
        self._connections: list[socket.socket] = []
        self.port = free_port()

    def __enter__(self) -> "Forwarder":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.shut()

    def open(self) -> None:
        """Let everybody through from now on."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def shut(self) -> None:
        """End every connection, and refuse new ones."""
        listener, self._listener = self._listener, None
        for end in (*([listener] if listener else []), *self._connections):
            # Closing alone would not wake a thread that waits on it.
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._connections.clear()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                service = socket.create_connection(self._service)
                self._connections += [client, service]
                for source, target in ((client, service), (service, client)):
                    threading.Thread(target=_hand_on, args=(source, target), daemon=True).start()


def _hand_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(_CHUNK):
            target.sendall(chunk)
        target.shutdown(socket.SHUT_WR)


@contextmanager
def through(address: str) -> Iterator[tuple[Forwarder, str]]:
    """Give a way to a service, which is shut at first, and its address."""
    parts = urlsplit(address)
    with Forwarder(parts.hostname or "", parts.port or 0) as way:
        yield way, address.replace(f":{parts.port}", f":{way.port}", 1)
