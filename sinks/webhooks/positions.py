"""Where each partition goes on: the offsets of the group, with the state of the delivery as their metadata.

So both are committed in one, and whoever takes over waits as long as was left.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

import confluent_kafka
from confluent_kafka import Consumer, KafkaException

from bus.config import BusConfig
from bus.reading.offsets import TopicPartition, committed, partitions, refuse_beyond, watermarks
from bus.topics import bank_topic
from catalogue.errors import Unavailable
from sinks.webhooks.lane import Lane
from sinks.webhooks.registration import WebhookOrder
from sinks.webhooks.state import DeliveryState, Suspension, read_state

_WITHIN_S = 30.0


def lanes_of(config: BusConfig, consumer: Consumer, recipient: str, last_order: int) -> list[Lane]:
    """Return the lanes of a recipient as they were committed; who begins gets all that is kept, and no old order.

    Raises Unavailable, and IntegrityError when a position lies beyond its topic's end.
    """
    topic = bank_topic(recipient)
    keys = [TopicPartition(topic, number) for number in partitions(config, topic)]
    kept = watermarks(config, keys)
    found = []
    for one in committed(consumer, [key.real(config) for key in keys], _WITHIN_S):
        low = kept[TopicPartition(topic, one.partition)].low
        if one.offset < 0:
            found.append(Lane(recipient, one.partition, low, DeliveryState(order=last_order)))
            continue
        state = read_state(one.metadata)
        if one.offset < low:
            state = state._replace(suspended=state.suspended or Suspension.FORGOTTEN)
        found.append(Lane(recipient, one.partition, one.offset, state))
    refuse_beyond(config, {lane.key: lane.position for lane in found}, "A webhook")
    return found


def commit(config: BusConfig, consumer: Consumer, lanes: Iterable[Lane]) -> None:
    """Commit positions with their states; raises Unavailable while Kafka does not take them."""
    offsets = []
    for lane in lanes:
        name = config.topic(bank_topic(lane.recipient))
        offsets.append(confluent_kafka.TopicPartition(name, lane.partition, lane.position, lane.state.text()))
    try:
        consumer.commit(offsets=offsets, asynchronous=False)
    except KafkaException as exc:
        raise Unavailable(f"Kafka does not take the positions of the webhooks: {exc}.") from exc


def order_offsets(
    config: BusConfig, consumer: Consumer, lanes: Iterable[Lane], order: WebhookOrder
) -> Mapping[TopicPartition, int]:
    """Return from where each lane sends again by a replay; raises Unavailable while Kafka does not say it."""
    keys = [lane.key for lane in lanes]
    kept = watermarks(config, keys)
    if order.since is None:
        return {key: kept[key].low for key in keys}
    wanted = [key.real(config, _millis(order.since)) for key in keys]
    try:
        answered = consumer.offsets_for_times(wanted, timeout=_WITHIN_S)
    except KafkaException as exc:
        raise Unavailable(f"Kafka does not say what came since a moment: {exc}.") from exc
    by_number = {one.partition: one.offset for one in answered}
    return {
        key: kept[key].high if by_number[key.partition] < 0 else max(kept[key].low, by_number[key.partition])
        for key in keys
    }


def _millis(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
