"""How often one client may ask: a token bucket for each address."""

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass

# A client that starts asks once for each of some seventy schemas, and a bank may start many at once behind one address.
PER_S = 20.0
BURST = 600.0
# Of so many addresses the last questions are remembered; who has not asked for long has a full bucket anyhow.
MOST_CLIENTS = 4096
_IPV6_SITE_BITS = 64


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at_s: float


class Throttle:
    """Counts the questions of each client; not for several threads."""

    def __init__(self, per_s: float = PER_S, burst: float = BURST, most_clients: int = MOST_CLIENTS) -> None:
        self._per_s, self._burst, self._most = per_s, burst, most_clients
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def wait_s(self, address: str, now_s: float) -> float:
        """Count a question at a moment of a steady clock; returns 0, or in how many seconds it may be asked again."""
        client = client_of(address)
        bucket = self._buckets.setdefault(client, _Bucket(self._burst, now_s))
        self._buckets.move_to_end(client)
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        bucket.tokens = min(self._burst, bucket.tokens + (now_s - bucket.filled_at_s) * self._per_s)
        bucket.filled_at_s = now_s
        if bucket.tokens < 1:
            return (1 - bucket.tokens) / self._per_s
        bucket.tokens -= 1
        return 0.0


def client_of(address: str) -> str:
    """Return who asks: an IPv4 address, or the network of an IPv6 one, in which a client has addresses without end."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((int(parsed), _IPV6_SITE_BITS), strict=False))
