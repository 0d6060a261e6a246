"""Posts by https to an address that lies in given networks, and to no other.

The name is resolved, its addresses are checked, and the connection is made to the very address that was checked: a name
that means something else a moment later reaches nobody. Nothing is followed, and of the answer the head alone is read.
"""

import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpcore

from connectors.http_out import retry_after_s

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str, int], Sequence[str]]
"""Returns the addresses of a name; raises OSError."""

_CONNECT_S, _WHOLE_S = 5.0, 20.0
# Of several addresses; who has more has one of these.
_MOST_ADDRESSES = 4
_LONGEST_RETRY_AFTER_S = 86_400.0


class PostFailure(StrEnum):
    """Why there is no answer."""

    UNREACHABLE = "unreachable"
    WRONG_NETWORK = "wrong_network"
    """The name has no address in the networks: nothing was connected to."""
    TIMEOUT = "timeout"
    TLS = "tls"


class PostAnswer(NamedTuple):
    """What came of a request: the status, or why there is none. ``retry_after_s``: what the receiver asks for."""

    status: int | None
    failure: PostFailure | None = None
    retry_after_s: float = 0.0


def is_within(address: str, networks: Iterable[Network]) -> bool:
    """Whether an address lies in one of these networks; one of IPv4 written as IPv6 counts as what it is.

    One with a zone (fe80::1%eth0) is of the machine's own link and lies in none.
    """
    try:
        found: Address = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        if found.scope_id is not None:
            return False
        found = found.ipv4_mapped or found
    return any(found.version == network.version and found in network for network in networks)


def addresses_of(host: str, port: int) -> list[str]:
    """Return the addresses of a name, as the machine resolves it; raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class HttpsPost:
    """Posts. Safe to use from several threads; each request has a connection of its own, checked anew."""

    def __init__(self, context: ssl.SSLContext, resolve: Resolve = addresses_of, whole_s: float = _WHOLE_S) -> None:
        """``whole_s``: how long a request may take in all, however slowly its receiver answers."""
        self._context, self._resolve, self._whole_s = context, resolve, whole_s

    def post(self, url: str, networks: Sequence[Network], content: bytes, headers: Mapping[str, str]) -> PostAnswer:
        """Send, and return what came of it; raises ValueError for a URL that is not https."""
        parts = urlsplit(url)
        if parts.scheme != "https":
            raise ValueError("only https is spoken here")
        backend = _CheckedNetwork(networks, self._resolve, time.monotonic() + self._whole_s)
        timeouts = {"connect": _CONNECT_S, "read": self._whole_s, "write": self._whole_s, "pool": _CONNECT_S}
        sent = [("Host", parts.netloc), ("Connection", "close"), ("Content-Length", str(len(content)))]
        try:
            with (
                httpcore.ConnectionPool(self._context, retries=0, network_backend=backend) as pool,
                pool.stream(
                    "POST", url, headers=[*sent, *headers.items()], content=content, extensions={"timeout": timeouts}
                ) as response,
            ):
                # Servers write it as they like, and httpcore leaves it so.
                asked = {name.lower(): value for name, value in response.headers}.get(b"retry-after", b"")
                return PostAnswer(response.status, None, retry_after_s(asked.decode("latin-1"), _LONGEST_RETRY_AFTER_S))
        except httpcore.TimeoutException:
            return PostAnswer(None, PostFailure.TIMEOUT)
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as exc:
            if backend.is_outside:
                return PostAnswer(None, PostFailure.WRONG_NETWORK)
            return PostAnswer(None, PostFailure.TLS if _is_tls(exc) else PostFailure.UNREACHABLE)


class _CheckedNetwork(httpcore.NetworkBackend):
    """Connects to addresses in the networks alone; what it connects has no more time than until ``ends_at``."""

    def __init__(self, networks: Sequence[Network], resolve: Resolve, ends_at: float) -> None:
        self._networks, self._resolve, self._ends_at = networks, resolve, ends_at
        self._sockets = httpcore.SyncBackend()
        self.is_outside = False
        """Whether nothing was connected to, for no address lay in the networks."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first checked address that answers; TLS still asks for the certificate of the name."""
        checked = [one for one in self._resolve(host, port) if is_within(one, self._networks)][:_MOST_ADDRESSES]
        if not checked:
            self.is_outside = True
            raise httpcore.ConnectError("no address of it is in the networks")
        for address in checked[:-1]:
            try:
                return self._connected(address, port, timeout)
            except (httpcore.NetworkError, httpcore.TimeoutException):
                continue
        return self._connected(checked[-1], port, timeout)

    def _connected(self, address: str, port: int, timeout: float | None) -> httpcore.NetworkStream:
        within_s = _left_s(self._ends_at, timeout)
        return _Hurried(self._sockets.connect_tcp(address, port, within_s), self._ends_at)


class _Hurried(httpcore.NetworkStream):
    """A stream that ends in time: who sends a byte now and then would keep the sender for ever."""

    def __init__(self, stream: httpcore.NetworkStream, ends_at: float) -> None:
        self._stream, self._ends_at = stream, ends_at

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left_s(self._ends_at, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left_s(self._ends_at, timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        within_s = _left_s(self._ends_at, timeout)
        return _Hurried(self._stream.start_tls(ssl_context, server_hostname, within_s), self._ends_at)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left_s(ends_at: float, timeout: float | None) -> float:
    left_s = ends_at - time.monotonic()
    if left_s <= 0:
        raise httpcore.ReadTimeout("its time is over")
    return left_s if timeout is None else min(left_s, timeout)


def _is_tls(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
