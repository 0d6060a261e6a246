"""Where the bus is, and how every client of it is set."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class BusConfig:
    """Addresses and shape of the bus; ``topic_prefix`` comes before every topic, group and transactional id."""

    bootstrap: str
    registry_url: str
    topic_prefix: str = ""
    partitions: int = 8
    replication: int = 1

    def topic(self, name: str) -> str:
        """Return the real name of a topic, group or transactional id."""
        return self.topic_prefix + name

    def name_of(self, topic: str) -> str:
        """Return the name without prefix of a real topic."""
        return topic.removeprefix(self.topic_prefix)


def producer_settings(config: BusConfig, **more: Any) -> dict[str, Any]:
    """Return librdkafka settings of a producer: idempotent, murmur2 like every Java client."""
    return {
        "bootstrap.servers": config.bootstrap,
        "partitioner": "murmur2_random",
        "enable.idempotence": True,
        "acks": "all",
        "compression.type": "lz4",
        # A message of its own for every row and partition is what costs the broker most.
        "linger.ms": 50,
        "queue.buffering.max.messages": 500_000,
        "queue.buffering.max.kbytes": 131_072,
        # What a topic takes is for the topic to say; a message that the client refuses would be refused for ever.
        "message.max.bytes": 24 * 1024 * 1024,
        "log_level": 3,
        **more,
    }


def consumer_settings(config: BusConfig, group: str, **more: Any) -> dict[str, Any]:
    """Return librdkafka settings of a consumer that sees committed messages only and commits nothing by itself."""
    return {
        "bootstrap.servers": config.bootstrap,
        "group.id": config.topic(group),
        "isolation.level": "read_committed",
        "enable.auto.commit": False,
        "auto.offset.reset": "earliest",
        # A killed process must not hold its partitions for the 45 s that librdkafka would wait.
        "session.timeout.ms": 6000,
        "heartbeat.interval.ms": 1500,
        "fetch.queue.backoff.ms": 10,
        "queued.max.messages.kbytes": 65_536,
        "log_level": 3,
        **more,
    }
