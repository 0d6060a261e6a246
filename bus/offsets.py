"""Where partitions begin and end, and which topics they are of, as the broker says it."""

from collections.abc import Iterable
from typing import NamedTuple

from confluent_kafka import KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from bus.config import BusConfig
from catalogue.errors import Unavailable


class Watermarks(NamedTuple):
    """The first offset that is still kept, and the one behind the last, markers of transactions included."""

    low: int
    high: int


def watermarks(config: BusConfig, wanted: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Watermarks]:
    """Return the watermarks of (topic without prefix, partition); raises Unavailable when the broker is away."""
    asked = {(name, number): TopicPartition(config.topic(name), number) for name, number in wanted}
    admin = AdminClient({"bootstrap.servers": config.bootstrap, "log_level": 3})
    try:
        lows, highs = (
            admin.list_offsets(dict.fromkeys(asked.values(), spec), request_timeout=30)
            for spec in (OffsetSpec.earliest(), OffsetSpec.latest())
        )
        return {key: Watermarks(lows[tp].result().offset, highs[tp].result().offset) for key, tp in asked.items()}
    except KafkaException as exc:
        raise Unavailable(
            f"The broker does not say where its topics end: {exc}.", remedy="See `credithub status`."
        ) from exc


def topic_ids(config: BusConfig, names: Iterable[str]) -> dict[str, str]:
    """Return the broker's id of each topic, another one when a topic was deleted and created again.

    Raises Unavailable when the broker is away or has no such topic.
    """
    real = {config.topic(name): name for name in names}
    admin = AdminClient({"bootstrap.servers": config.bootstrap, "log_level": 3})
    try:
        told = admin.describe_topics(TopicCollection([*real]), request_timeout=30)
        return {name: str(told[topic].result().topic_id) for topic, name in real.items()}
    except KafkaException as exc:
        raise Unavailable(
            f"The broker does not describe its topics: {exc}.", remedy="Run `credithub prepare`."
        ) from exc
