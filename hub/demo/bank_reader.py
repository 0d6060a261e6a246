"""What a bank reads: its own topic, as its own user at Kafka, committed messages alone."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from confluent_kafka import KafkaException

from bus import clients
from bus.avro.decoding import Decoder
from bus.avro.registry import Registry
from bus.reading.receiving import receive
from bus.reading.topic_reader import TopicReader
from bus.topics import bank_topic
from bus.users import bank_user
from catalogue.errors import Unavailable
from hub.settings import Settings, bus_config

_POLL_S, _MORE_S, _AT_ONCE = 0.1, 0.02, 500


@dataclass(frozen=True, slots=True)
class BankMessage:
    """A message, decoded; ``arrived_s``: when it came, by the monotonic clock."""

    arrived_s: float
    value: Mapping[str, Any]

    @property
    def item(self) -> str:
        """The item whose record it tells; "": it tells something else."""
        return str(self.value["item"]) if "record_key" in self.value else ""


class BankTopic:
    """The topic of a bank, which the bank reads; closed by its caller."""

    def __init__(self, settings: Settings, bank: str, *, is_late: bool = False) -> None:
        """``is_late``: without what was there before. Raises AccessDenied where the broker refuses the bank."""
        config = bus_config(settings, bank_user(bank))
        self._registry = Registry(config)
        self._decode = Decoder(self._registry)
        self._consumer = clients.consumer(config, config.own("story"))
        reader = TopicReader(config)
        partitions = reader.partitions((bank_topic(bank),))
        # Each begins at an offset that is known: "latest" would be the end whenever the client comes to ask for it.
        starts = {one: end.high for one, end in reader.ends(partitions).items()} if is_late else {}
        self._consumer.assign([one.real(config, starts.get(one, 0)) for one in partitions])

    def close(self) -> None:
        """Leave Kafka and the registry."""
        self._consumer.close()
        self._registry.close()

    def take(self, timeout_s: float, subject: str | None = None) -> list[BankMessage]:
        """Return what comes, of one enterprise or of all; raises Unavailable when nothing can come."""
        try:
            messages = receive(self._consumer, _AT_ONCE, _MORE_S, first_s=timeout_s)
        except KafkaException as exc:
            raise Unavailable(f"The bank cannot read: {exc}.", remedy="See `credithub status`.") from exc
        arrived_s = time.monotonic()
        return [
            BankMessage(arrived_s, self._decode(message.value() or b""))
            for message in messages
            if subject is None or message.key() == subject.encode()
        ]


class BankReader:
    """Reads what a bank is told of one enterprise; closed by its caller."""

    def __init__(self, settings: Settings, bank: str, subject: str, *, is_late: bool = False) -> None:
        """As a ``BankTopic``."""
        self._topic, self._subject = BankTopic(settings, bank, is_late=is_late), subject
        self.messages: list[BankMessage] = []

    def close(self) -> None:
        """Close the topic."""
        self._topic.close()

    def await_messages(self, what: Callable[[Sequence[BankMessage]], bool], within_s: float) -> bool:
        """Read until what came of the enterprise is as wanted; return whether it was in time."""
        until = time.monotonic() + within_s
        while not what(self.messages):
            if time.monotonic() > until:
                return False
            self.messages += self._topic.take(_POLL_S, self._subject)
        return True

    def read_for(self, seconds: float) -> None:
        """Read what comes in so many seconds."""
        self.await_messages(lambda _: False, seconds)
