"""Scans of real topics: to their ends and no further, past what no reader sees, and an end to waiting."""

import socket
import time
from collections.abc import Iterator
from threading import Timer

import pytest
from confluent_kafka import Producer

from bus import clients
from bus.config import BusConfig
from bus.reading import scan as scanning
from bus.reading.offsets import TopicPartition, Watermarks, watermarks
from bus.reading.scan import scan, scan_partitions, scan_topics
from bus.reading.topic_reader import TopicReader
from catalogue.errors import Unavailable
from tests.kafka import own_topics
from tests.services import Services

ONE, OTHER, EMPTY = "one.v1", "other.v1", "empty.v1"
WITHIN_S = 30.0


@pytest.fixture
def config(stack: Services, topic_prefix: str) -> Iterator[BusConfig]:
    """Return a bus with three topics of two partitions, deleted afterwards."""
    config = stack.bus(topic_prefix, partitions=2)
    with own_topics(config, (ONE, OTHER, EMPTY)):
        yield config


def produced(config: BusConfig, topic: str, *values: str, partition: int = 0) -> None:
    """Write messages to one partition, acknowledged one after another."""
    producer = clients.producer(config, **{"linger.ms": 0})
    for value in values:
        producer.produce(config.topic(topic), value.encode(), partition=partition)
    assert producer.flush(WITHIN_S) == 0


def transaction(config: BusConfig, topic: str, *values: str) -> Producer:
    """Write messages in a transaction, and leave it open."""
    producer = clients.producer(config, **{"transactional.id": config.topic(f"{topic}.{values[0]}"), "linger.ms": 0})
    producer.init_transactions(WITHIN_S)
    producer.begin_transaction()
    for value in values:
        producer.produce(config.topic(topic), value.encode(), partition=0)
    assert producer.flush(WITHIN_S) == 0
    return producer


def values(config: BusConfig, topic: str, *, start: int = 0) -> list[str]:
    """Return what a scan of a topic yields."""
    return [(message.value() or b"").decode() for message in scan(config, topic, start=start)]


def test_every_partition_is_read_to_its_end_in_its_order(config: BusConfig) -> None:
    produced(config, ONE, "a", "b", "c")
    produced(config, ONE, "x", "y", partition=1)
    found = values(config, ONE)
    assert sorted(found) == ["a", "b", "c", "x", "y"]
    assert [value for value in found if value in "abc"] == ["a", "b", "c"]
    assert [value for value in found if value in "xy"] == ["x", "y"]
    assert values(config, ONE, start=2) == ["c"]
    assert [(m.value() or b"") for m in scan(config, ONE, partitions=[1])] == [b"x", b"y"]
    assert values(config, EMPTY) == []


def test_several_topics_are_read_at_once_each_from_its_start(config: BusConfig) -> None:
    produced(config, ONE, "a", "b")
    produced(config, OTHER, "x", "y")
    found = [(topic, message.value()) for topic, message in scan_topics(config, {ONE: 1, OTHER: 0, EMPTY: 0})]
    assert sorted(found) == [(ONE, b"b"), (OTHER, b"x"), (OTHER, b"y")]


def test_what_comes_after_the_scan_began_is_left_out(config: BusConfig) -> None:
    produced(config, ONE, "a", "b")
    key = TopicPartition(ONE, 0)
    ends = watermarks(config, [key])
    produced(config, ONE, "later")
    # More may come along in the last batch, but nobody waits for it.
    found = [message.value() for _, message in scan_partitions(config, {key: 0}, ends)]
    assert found[:2] == [b"a", b"b"]
    assert ends[key] == Watermarks(0, 2)


def test_aborted_messages_and_the_marks_of_transactions_are_passed(config: BusConfig) -> None:
    produced(config, ONE, "before")
    transaction(config, ONE, "aborted").abort_transaction(WITHIN_S)
    transaction(config, ONE, "committed").commit_transaction(WITHIN_S)
    # The log ends with a mark, which no reader is given.
    assert values(config, ONE) == ["before", "committed"]
    assert watermarks(config, [(ONE, 0)])[TopicPartition(ONE, 0)].high == 5


def test_an_open_transaction_is_waited_for_and_hides_nothing_behind_it(config: BusConfig) -> None:
    left_open = transaction(config, ONE, "open")
    produced(config, ONE, "behind")
    timer = Timer(2, left_open.commit_transaction, (WITHIN_S,))
    begun_s = time.monotonic()
    timer.start()
    assert values(config, ONE) == ["open", "behind"]
    assert time.monotonic() - begun_s > 1.5
    timer.join()


def test_a_transaction_that_does_not_end_is_not_waited_for_for_ever(
    config: BusConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanning, "_SILENT_AT_MOST_S", 1.0)
    left_open = transaction(config, ONE, "open")
    with pytest.raises(Unavailable, match=r"sent nothing of .*one\.v1 for 1 s"):
        values(config, ONE)
    left_open.abort_transaction(WITHIN_S)
    assert values(config, ONE) == []


def test_a_broker_that_is_silent_is_named_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "_SILENT_AT_MOST_S", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        config = BusConfig(f"127.0.0.1:{deaf.getsockname()[1]}", "http://127.0.0.1:9")
        key = TopicPartition(ONE, 0)
        with pytest.raises(Unavailable, match=r"one\.v1"):
            list(scan_partitions(config, {key: 0}, {key: Watermarks(0, 1)}))


def test_a_reader_says_what_there_is_and_how_far_a_group_came(config: BusConfig) -> None:
    read: list[int] = []
    reader = TopicReader(config, read.append)
    produced(config, ONE, "a", "b")
    assert reader.partitions((ONE, OTHER)) == [TopicPartition(name, n) for name in (ONE, OTHER) for n in (0, 1)]
    with pytest.raises(Unavailable, match=r"There is no topic .*missing\.v1"):
        reader.partitions(("missing.v1",))
    own = reader.partitions((ONE,))
    left_open = transaction(config, ONE, "open")
    assert reader.ends(own)[TopicPartition(ONE, 0)] == Watermarks(0, 3)
    assert reader.ends(own, stable=True)[TopicPartition(ONE, 0)] == Watermarks(0, 2)
    left_open.abort_transaction(WITHIN_S)
    assert [message.value() for message in reader.read_all(own)] == [b"a", b"b"]
    assert sum(read) >= 2
    assert reader.committed("nobody", own) == dict.fromkeys(own, 0)
    assert reader.bare(config.topic(ONE)) == ONE
