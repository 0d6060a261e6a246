"""Where a consumer group stands, for whoever only looks: no member of the group is disturbed."""

from collections.abc import Iterable

from bus import clients
from bus.config import BusConfig
from bus.reading.offsets import TopicPartition, committed


class GroupPositions:
    """Asks as a consumer that never joins, which is kept, so that asking again is cheap.

    Not by an admin client: asked for a group's offsets while the group's coordinator is made or moves, librdkafka 2.16
    reads a null pointer and ends the process (github.com/confluentinc/confluent-kafka-javascript/issues/374).
    """

    def __init__(self, config: BusConfig, group: str) -> None:
        self._config = config
        self._consumer = clients.consumer(config, group)

    def committed(self, partitions: Iterable[TopicPartition], within_s: float) -> dict[TopicPartition, int]:
        """Return the next offset that the group will read; 0 where it never committed.

        Raises Unavailable when Kafka does not say it of every partition in time.
        """
        requested = [key.real(self._config) for key in partitions]
        return {
            TopicPartition(self._config.name_of(answer.topic), answer.partition): max(answer.offset, 0)
            for answer in committed(self._consumer, requested, within_s)
        }

    def close(self) -> None:
        """Close the consumer."""
        self._consumer.close()
