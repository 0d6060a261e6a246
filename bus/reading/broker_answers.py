"""What the broker itself says of groups and topics, for whoever only looks: no member of a group is disturbed."""

from collections.abc import Collection, Iterable

import confluent_kafka
from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException
from confluent_kafka.admin import OffsetSpec

from bus import clients
from bus.config import BusConfig
from bus.reading.offsets import TopicPartition
from catalogue.errors import Unavailable

_ANSWER_WITHIN_S = 5.0
_REMEDY = "See `credithub status`."


class BrokerAnswers:
    """Asks by one client, which is kept, so that asking again is cheap."""

    def __init__(self, config: BusConfig) -> None:
        self._config, self._admin = config, clients.admin(config)

    def committed(self, group: str, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """Return the next offset that a group (without prefix) will read; 0 where it never committed.

        Raises Unavailable when Kafka does not say it of every partition.
        """
        name = self._config.topic(group)
        request = ConsumerGroupTopicPartitions(name, [key.real(self._config) for key in partitions])
        try:
            answers = self._admin.list_consumer_group_offsets([request], request_timeout=_ANSWER_WITHIN_S)
            answered = answers[name].result().topic_partitions
        except KafkaException as exc:
            raise Unavailable(f"Kafka does not say what {name} has read: {exc}.", remedy=_REMEDY) from exc
        for partition in answered:
            if partition.error is not None:
                where = f"{partition.topic}[{partition.partition}]"
                raise Unavailable(
                    f"Kafka does not say up to where {name} has read {where}: {partition.error}.", remedy=_REMEDY
                )
        return {
            TopicPartition(self._config.name_of(partition.topic), partition.partition): max(partition.offset, 0)
            for partition in answered
        }

    def last_written_at(self, partitions: Collection[TopicPartition]) -> float | None:
        """Return when the newest message of all these partitions was written, in seconds since the epoch.

        None where they hold none. Raises Unavailable when Kafka does not say it.
        """
        wanted = dict.fromkeys((key.real(self._config) for key in partitions), OffsetSpec.max_timestamp())
        try:
            answers = self._admin.list_offsets(wanted, request_timeout=_ANSWER_WITHIN_S)
            newest = [answer.result() for answer in answers.values()]
        except KafkaException as exc:
            raise Unavailable(f"Kafka does not say when it was written to last: {exc}.", remedy=_REMEDY) from exc
        # See ``bus.reading.offsets.offsets``: this is how the client says that it heard nothing.
        if any(answer.offset == confluent_kafka.OFFSET_INVALID for answer in newest):
            raise Unavailable("Kafka does not say in time when it was written to last.", remedy=_REMEDY)
        newest_ms = max((answer.timestamp for answer in newest), default=-1)
        return newest_ms / 1000 if newest_ms > 0 else None
