"""Where a recipient has its messages sent, and into which networks alone; when a message that failed is sent again."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from pydantic import ConfigDict

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

RETRY_WAITS_S = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""How long is waited after each failure, in seconds: the schedule that Standard Webhooks recommends, 75 h in all."""
_MOST_NETWORKS, _MOST_URL_CHARS = 16, 500
# A registration names the recipient's networks, not a part of the internet.
_LEAST_PREFIX = {4: 8, 6: 16}
# The machine's own services, routers' and clouds' metadata (169.254.169.254), and what reaches many or nobody.
_NEVER = (
    "0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4",
    "::/128", "::ffff:0:0/96", "64:ff9b::/96", "fe80::/10", "ff00::/8",
)  # fmt: skip
_NEVER_NETWORKS = tuple(map(ipaddress.ip_network, _NEVER))


@dataclass(frozen=True, slots=True)
class WebhookDefinition:
    """An https URL, and the networks (CIDR) in which its address must lie whenever something is sent there."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    url: str
    networks: tuple[str, ...]

    def __post_init__(self) -> None:
        """Raise ValueError for a URL or a network that may not be registered."""
        _check_url(self.url)
        if not self.networks or len(self.networks) > _MOST_NETWORKS:
            raise ValueError(f"webhook: networks are 1 to {_MOST_NETWORKS}: name those in which the url's address lies")
        for text in self.networks:
            _check_network(text)

    @property
    def allowed(self) -> tuple[Network, ...]:
        """The networks."""
        return tuple(map(ipaddress.ip_network, self.networks))

    @property
    def is_loopback(self) -> bool:
        """Whether it may reach this machine itself: no file of a recipient may say so."""
        return any(network.is_loopback or network.overlaps(_LOOPBACK[network.version]) for network in self.allowed)


_LOOPBACK: dict[int, Network] = {
    4: ipaddress.IPv4Network("127.0.0.0/8"),
    6: ipaddress.IPv6Network("::1/128"),
}


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as wrong:
        raise ValueError(f"webhook: url is no URL: {wrong}") from wrong
    if parts.scheme != "https" or not parts.hostname:
        raise ValueError("webhook: url is not https: write one as in https://hooks.bank.example/credithub")
    if parts.username is not None or parts.password is not None:
        raise ValueError("webhook: url holds a user or a password, which others would read: leave them out")
    if parts.fragment or port == 0 or len(url) > _MOST_URL_CHARS or not url.isascii() or not url.isprintable():
        raise ValueError(f"webhook: url is at most {_MOST_URL_CHARS} characters of ASCII, without a # and what follows")
    if any(character in url for character in " \\"):
        raise ValueError("webhook: url holds a space or a backslash: write them as %20 or %5C")


def _check_network(text: str) -> None:
    try:
        network = ipaddress.ip_network(text)
    except ValueError as wrong:
        raise ValueError(f"webhook: {text!r} is no network: write it as in 203.0.113.0/24") from wrong
    if network.prefixlen < _LEAST_PREFIX[network.version]:
        raise ValueError(f"webhook: {text} is too wide: name the recipient's own networks")
    if any(network.version == never.version and network.overlaps(never) for never in _NEVER_NETWORKS):
        raise ValueError(f"webhook: {text} holds addresses that are nobody's, or every machine's own: leave it out")


def wait_s(failures: int, asked_s: float) -> float | None:
    """Return how long to wait after so many failures in a row, in seconds; None: it was tried often enough.

    ``asked_s``: what the receiver asked for (Retry-After); it lengthens the wait and never shortens it.
    """
    return max(RETRY_WAITS_S[failures - 1], asked_s) if failures <= len(RETRY_WAITS_S) else None
