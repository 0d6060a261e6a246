"""Where the bus is, and how it is shaped."""

from dataclasses import dataclass

from monitoring.addresses import shown_address


def bank_topic(bank: str) -> str:
    """Return the topic of a bank."""
    return f"bank.{bank}.v1"


@dataclass(frozen=True, slots=True)
class BusConfig:
    """Addresses and shape of the bus; ``topic_prefix`` comes before every topic, group, user and transactional id."""

    bootstrap: str
    registry_url: str
    topic_prefix: str = ""
    partitions: int = 8
    replication: int = 1
    principal: str = ""
    """As whom this process comes, without prefix (`bus.principals`); "": as nobody in particular."""
    client_file: str = ""
    """What its clients log in with (`bus.access`); "": with nothing."""

    @property
    def shown_registry(self) -> str:
        """The registry's address as it may be logged and shown."""
        return shown_address(self.registry_url)

    def topic(self, name: str) -> str:
        """Return the real name of a topic, group, user or transactional id."""
        return self.topic_prefix + name

    def own(self, name: str) -> str:
        """Return the name, without prefix, of a group or transactional id that is this principal's alone."""
        return f"{self.principal}.{name}" if self.principal else name

    def name_of(self, topic: str) -> str:
        """Return the name without prefix of a real topic."""
        return topic.removeprefix(self.topic_prefix)
