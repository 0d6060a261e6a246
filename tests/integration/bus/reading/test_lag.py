"""What waits behind a position: messages do, markers of transactions and open transactions do not."""

import time
from collections.abc import Iterator

import pytest

from bus import clients
from bus.config import BusConfig
from bus.reading.lag import LagReader
from bus.reading.offsets import TopicPartition
from tests.kafka import own_topics
from tests.services import Services
from tests.waiting import until

KEY = TopicPartition("waits", 0)


@pytest.fixture
def config(stack: Services, topic_prefix: str) -> Iterator[BusConfig]:
    config = stack.bus(topic_prefix, partitions=1)
    with own_topics(config, [KEY.topic]):
        yield config


def test_messages_wait_and_markers_do_not(config: BusConfig) -> None:
    reader = LagReader(config)
    until(lambda: reader.waiting({KEY: 0}) == {KEY: None})
    producer = clients.producer(config, **{"transactional.id": config.topic("t")})
    producer.init_transactions(30)

    def transaction(*, commit: bool) -> None:
        producer.begin_transaction()
        for value in (b"a", b"b"):
            producer.produce(config.topic(KEY.topic), value, partition=0)
        producer.flush(30)
        producer.commit_transaction(30) if commit else producer.abort_transaction(30)

    before = time.time()
    transaction(commit=True)
    # Two messages and a marker: 0, 1, (2).
    # The marker is written behind the commit.
    waiting = until(lambda: reader.waiting({KEY: 0}).get(KEY))
    assert (waiting.offset, waiting.messages) == (0, 3)
    assert before - 1 <= waiting.written_at <= time.time() + 1
    assert until(lambda: reader.waiting({KEY: 1}).get(KEY)).offset == 1
    until(lambda: reader.waiting({KEY: 2}) == {KEY: None})
    # Nothing of an aborted transaction can be read: 3, 4, (5).
    transaction(commit=False)
    until(lambda: reader.waiting({KEY: 2}) == {KEY: None})
    transaction(commit=True)
    waiting = until(lambda: reader.waiting({KEY: 2}).get(KEY))
    assert waiting.offset == 6
    until(lambda: reader.waiting({KEY: 8}) == {KEY: None})
    # What is still open cannot be read either.
    producer.begin_transaction()
    producer.produce(config.topic(KEY.topic), b"c", partition=0)
    producer.flush(30)
    until(lambda: reader.waiting({KEY: 8}) == {KEY: None})
    producer.abort_transaction(30)
    reader.close()
