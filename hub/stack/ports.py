"""Ports of the embedded services: the preferred one, else a free one, kept across restarts.

A port is taken before it is promised: other hubs on this machine leave it alone from then on, whether somebody listens
on it already or not.
"""

import errno
import json
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import psutil

from catalogue.errors import StackError

LOOPBACK = "127.0.0.1"
# How many ports above the preferred one are tried.
_SPAN = 400

Claim = Callable[[], None]
"""Gives a port back."""


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


def claim(port: int) -> Claim | None:
    """Take a free port for this process, or return None when it is another's.

    Nobody can hold a port for a child to listen on, so hubs agree among themselves: by a name in Linux's abstract
    sockets, which belong to the same network namespace as ports, and which the kernel frees when the holder dies.
    """
    mark = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if sys.platform == "linux":
            mark.bind(f"\0credithub-port-{port}")
        if is_free(port):
            return mark.close
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
    mark.close()
    return None


def holder(port: int) -> str:
    """Return which program listens on a port, for an error message; empty when the system does not tell."""
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,) and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
    except (psutil.Error, OSError):
        pass
    return ""


def port_of(address: str) -> int | None:
    """Return the port of ``host:port`` or of a URL; None when there is none."""
    port = address.rpartition("//")[2].partition("/")[0].rpartition(":")[2]
    return int(port) if port.isdigit() else None


def taken(address: str) -> str:
    """Return in words that some program listens on the port of an address, and which; empty when none does."""
    port = port_of(address)
    if port is None or is_free(port):
        return ""
    return f"port {port} is taken by {holder(port) or 'another program'}"


def is_answered_by(pid: int, address: str) -> bool:
    """Return whether the process listens on the port of an address itself; True when nobody can tell.

    Another hub's service may answer there, while ours ends again and again because its port is taken.
    """
    port = port_of(address)
    if port is None:
        return True
    try:
        connections = psutil.Process(pid).net_connections("tcp")
    except psutil.NoSuchProcess:
        return False
    except (psutil.Error, OSError):
        return True
    return any(c.status == psutil.CONN_LISTEN and c.laddr[1:2] == (port,) for c in connections)


class Ports:
    """Gives every service its port and remembers it in ``ports.json``.

    A remembered port comes first, then the preferred one, then the next free one above. With ``pinned`` only
    the preferred one is taken. Raises StackError when there is none. The ports are ours until ``close``.
    """

    def __init__(
        self,
        file: Path,
        *,
        pinned: bool = False,
        claim: Callable[[int], Claim | None] = claim,
        free: Callable[[int], bool] = is_free,
    ) -> None:
        self._file = file
        self._pinned = pinned
        self._claim, self._free = claim, free
        self._given: dict[str, int] = {}
        self._claims: dict[int, Claim] = {}
        self._remembered: dict[str, int] = json.loads(file.read_text("utf-8")) if file.exists() else {}

    def give(self, service: str, preferred: int) -> int:
        """Return the port of a service; the same one when asked again."""
        if service not in self._given:
            self._given[service] = self._choose(service, preferred)
            # Services that do not run this time keep their remembered ports.
            kept = {**self._remembered, **self._given}
            self._file.write_text(json.dumps(kept, indent=1), "utf-8")
        return self._given[service]

    def renew(self, service: str, preferred: int) -> int:
        """Return the port of a service that does not run: another one when some program took it meanwhile."""
        port = self._given.get(service)
        if port is not None and not self._free(port):
            self._claims.pop(self._given.pop(service))()
            self._remembered.pop(service, None)
        return self.give(service, preferred)

    def close(self) -> None:
        """Give all ports back."""
        while self._claims:
            self._claims.popitem()[1]()

    def _choose(self, service: str, preferred: int) -> int:
        candidates = [preferred]
        if not self._pinned:
            remembered = self._remembered.get(service)
            others = {port for name, port in self._remembered.items() if name != service}
            above = [port for port in range(preferred + 1, preferred + _SPAN) if port < 65536 and port not in others]
            candidates = [*([remembered] if remembered else []), preferred, *above]
        for port in candidates:
            if port not in self._claims and (given := self._claim(port)) is not None:
                self._claims[port] = given
                return port
        program = holder(preferred)
        raise StackError(
            f"Port {preferred} for {service} is taken{f' by {program}' if program else ''}"
            + ("." if self._pinned else f", and so are the {_SPAN} above it."),
            remedy="Stop that program, name another port with CREDITHUB_"
            f"{service.upper().replace('-', '_').replace('.', '_')}_PORT, or unset CREDITHUB_PIN_PORTS.",
        )
