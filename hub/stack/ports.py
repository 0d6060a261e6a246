"""Ports of the embedded services: the preferred one, else a free one, kept across restarts."""

import errno
import json
import socket
from collections.abc import Callable
from pathlib import Path

import psutil

from catalogue.errors import StackError

LOOPBACK = "127.0.0.1"
# How many ports above the preferred one are tried.
_SPAN = 400


def is_free(port: int) -> bool:
    """Return whether a server may listen on this loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # The servers set this option, too: with it, connections in TIME_WAIT do not block a port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return True


def holder(port: int) -> str:
    """Return which program listens on a port, for an error message; empty when the system does not tell."""
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,) and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
    except (psutil.Error, OSError):
        pass
    return ""


class Ports:
    """Gives every service its port and remembers it in ``ports.json``.

    A remembered port comes first, then the preferred one, then the next free one above. With ``pinned`` only
    the preferred one is taken. Raises StackError when there is none.
    """

    def __init__(self, file: Path, *, pinned: bool = False, free: Callable[[int], bool] = is_free) -> None:
        self._file = file
        self._pinned = pinned
        self._free = free
        self._given: dict[str, int] = {}
        self._remembered: dict[str, int] = json.loads(file.read_text("utf-8")) if file.exists() else {}

    def give(self, service: str, preferred: int) -> int:
        """Return the port of a service; the same one when asked again."""
        if service not in self._given:
            self._given[service] = self._choose(service, preferred)
            # Services that do not run this time keep their remembered ports.
            kept = {**self._remembered, **self._given}
            self._file.write_text(json.dumps(kept, indent=1), "utf-8")
        return self._given[service]

    def _choose(self, service: str, preferred: int) -> int:
        candidates = [preferred]
        if not self._pinned:
            remembered = self._remembered.get(service)
            others = {port for name, port in self._remembered.items() if name != service}
            above = [port for port in range(preferred + 1, preferred + _SPAN) if port < 65536 and port not in others]
            candidates = [*([remembered] if remembered else []), preferred, *above]
        for port in candidates:
            if port not in self._given.values() and self._free(port):
                return port
        program = holder(preferred)
        raise StackError(
            f"Port {preferred} for {service} is taken{f' by {program}' if program else ''}"
            + ("." if self._pinned else f", and so are the {_SPAN} above it."),
            remedy="Stop that program, name another port with CREDITHUB_"
            f"{service.upper().replace('-', '_').replace('.', '_')}_PORT, or unset CREDITHUB_PIN_PORTS.",
        )
