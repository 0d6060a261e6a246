"""The one door to Kafka and the registry: every client of both is made here, so what secures them has one place.

Settings that differ (a transactional id, a smaller fetch) are the caller's, by librdkafka's names, each with its
reason beside it. A test finds clients that are made elsewhere.
"""

from typing import Any

import httpx
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.schema_registry import SchemaRegistryClient

from bus.config import BusConfig


def _common(config: BusConfig) -> dict[str, Any]:
    # Callers get errors as exceptions and results, and `LagWatch` tells that the broker is away. librdkafka's own log
    # would tell each try to connect: twenty lines a second of each client, in a format of its own.
    return {"bootstrap.servers": config.bootstrap, "log_level": 2}


def producer(config: BusConfig, **more: Any) -> Producer:
    """Return a producer: idempotent, and with the murmur2 partitioner like every Java client."""
    return Producer(
        {
            **_common(config),
            "partitioner": "murmur2_random",
            "enable.idempotence": True,
            "acks": "all",
            "compression.type": "lz4",
            # Many small requests are what costs the broker most.
            "linger.ms": 50,
            "queue.buffering.max.messages": 500_000,
            "queue.buffering.max.kbytes": 131_072,
            # Each topic has a limit of its own; a message that the client itself refused could never be sent.
            "message.max.bytes": 24 * 1024 * 1024,
            **more,
        }
    )


def consumer(config: BusConfig, group: str, **more: Any) -> Consumer:
    """Return a consumer of a group (without prefix) that sees committed messages only and commits nothing by itself."""
    return Consumer(
        {
            **_common(config),
            "group.id": config.topic(group),
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            # A killed process must not hold its partitions for the 45 s that librdkafka would wait.
            "session.timeout.ms": 6000,
            "heartbeat.interval.ms": 1500,
            "fetch.queue.backoff.ms": 10,
            "queued.max.messages.kbytes": 65_536,
            **more,
        }
    )


def admin(config: BusConfig, **more: Any) -> AdminClient:
    """Return an admin client."""
    return AdminClient({**_common(config), **more})


def aiokafka_settings(config: BusConfig) -> dict[str, Any]:
    """Return what every aiokafka client is made with: where the brokers are, and committed messages only."""
    return {"bootstrap_servers": config.bootstrap.split(","), "isolation_level": "read_committed"}


def registry_client(config: BusConfig, **more: Any) -> SchemaRegistryClient:
    """Return a client of the schema registry, which its caller closes."""
    # By itself it would wait for ever for a registry that hangs.
    return SchemaRegistryClient({"url": config.registry_url, "timeout": 30, **more})


def registry_admin(address: str) -> httpx.Client:
    """Return a client of the registry's own interface, which its caller closes; an archive may take it a while."""
    return httpx.Client(base_url=address, timeout=120.0, trust_env=False)
