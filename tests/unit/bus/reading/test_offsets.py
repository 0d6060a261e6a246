"""What is asked of a broker that does not answer."""

from concurrent.futures import Future
from contextlib import closing
from typing import Any

import confluent_kafka
import pytest
from confluent_kafka.admin import ListOffsetsResultInfo, OffsetSpec

from bus import clients
from bus.config import BusConfig
from bus.reading.offsets import committed, offsets
from catalogue.errors import Unavailable


def test_a_group_whose_broker_is_silent_is_not_taken_for_one_that_read_nothing() -> None:
    config = BusConfig("127.0.0.1:1", "http://127.0.0.1:1", "nowhere.", partitions=1)
    with closing(clients.consumer(config, "sink")) as consumer, pytest.raises(Unavailable, match="what was read"):
        committed(consumer, [confluent_kafka.TopicPartition(config.topic("change.v1"), 0)], 0.3)


class Silent:
    """An admin client whose broker is frozen: it makes up an answer when its time is over."""

    def list_offsets(self, wanted: dict[Any, OffsetSpec], **_: Any) -> dict[Any, Future[ListOffsetsResultInfo]]:
        """Return no error, and no offset."""
        answers: dict[Any, Future[ListOffsetsResultInfo]] = {}
        for partition in wanted:
            answers[partition] = Future()
            answers[partition].set_result(ListOffsetsResultInfo(-1001, -1, -1))
        return answers


def test_a_topic_of_a_silent_broker_is_not_taken_for_empty() -> None:
    config = BusConfig("127.0.0.1:1", "http://127.0.0.1:1")
    partition = confluent_kafka.TopicPartition("change.v1", 0)
    with pytest.raises(Unavailable, match="where its topics end"):
        offsets(config, Silent(), [partition], OffsetSpec.latest(), within_s=0.2)
