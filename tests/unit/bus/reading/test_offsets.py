"""What is asked of a broker that does not answer."""

from contextlib import closing

import confluent_kafka
import pytest

from bus import clients
from bus.config import BusConfig
from bus.reading.offsets import committed
from catalogue.errors import Unavailable


def test_a_group_whose_broker_is_silent_is_not_taken_for_one_that_read_nothing() -> None:
    config = BusConfig("127.0.0.1:1", "http://127.0.0.1:1", "nowhere.", partitions=1)
    with closing(clients.consumer(config, "sink")) as consumer, pytest.raises(Unavailable, match="what was read"):
        committed(consumer, [confluent_kafka.TopicPartition(config.topic("change.v1"), 0)], 0.3)
