"""What may happen to the positions of a sink: a commit that fails, positions that are forgotten or beyond the end."""

from typing import Any

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException, TopicPartition

from bus import change_feed, clients, topics
from bus.config import BusConfig
from bus.transactions import commit_with


def failing_commit(*_: Any) -> None:
    """Stand in for ``commit_with`` while the coordinator has an error that another try might not have."""
    raise KafkaException(KafkaError(KafkaError.COORDINATOR_LOAD_IN_PROGRESS))


def noted_commits(monkeypatch: pytest.MonkeyPatch) -> list[dict[int, int]]:
    """Return the list to which the positions of each commit of a sink are added from now on, by partition."""
    commits: list[dict[int, int]] = []

    def noting_commit(producer: Any, consumer: Any, ends: list[TopicPartition]) -> None:
        commits.append({one.partition: one.offset for one in ends})
        commit_with(producer, consumer, ends)

    monkeypatch.setattr(change_feed, "commit_with", noting_commit)
    return commits


def move_beyond(config: BusConfig, group: str) -> None:
    """Commit a position for a group that none of its partitions has reached, as after a log lost its tail."""
    positions = [TopicPartition(config.topic(topics.CHANGE), partition, 1000) for partition in range(config.partitions)]
    admin = clients.admin(config)
    for done in admin.alter_consumer_group_offsets(
        [ConsumerGroupTopicPartitions(config.topic(group), positions)]
    ).values():
        done.result()


def forget(config: BusConfig, group: str) -> None:
    """Have the broker forget all positions of a group."""
    admin = clients.admin(config)
    for done in admin.delete_consumer_groups([config.topic(group)]).values():
        done.result()
