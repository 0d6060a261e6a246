"""The registry over HTTP without Confluent's client, for a process that starts small: no librdkafka is loaded."""

import httpx

from bus.config import BusConfig


def registry_reader(config: BusConfig, timeout_s: float) -> httpx.AsyncClient:
    """Return a client of the registry's Confluent API, which its caller closes."""
    return httpx.AsyncClient(base_url=config.registry_url, timeout=timeout_s, trust_env=False)
