"""Where the bus is, and how it is shaped."""

from dataclasses import dataclass


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
