"""What ``credithub prepare`` expects of a Kafka that others used before, and what it refuses to do to it."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from zipfile import is_zipfile

import pytest
from confluent_kafka.admin import ConfigResource, NewTopic

from bus import clients, topics
from bus.registration import has_subjects
from bus.schema_archive import archived
from hub.processes import CREDITHUB, environment_without_settings
from tests.services import Services


@pytest.fixture
def prepare(stack: Services, topic_prefix: str, tmp_path: Path) -> Callable[[], "subprocess.CompletedProcess[str]"]:
    environment = {
        **environment_without_settings(),
        "CREDITHUB_HOME": str(tmp_path), "CREDITHUB_KAFKA_BOOTSTRAP": stack.bootstrap,
        "CREDITHUB_KAFKA_ACCESS": stack.client_file,
        "CREDITHUB_REGISTRY_URL": stack.registry_url, "CREDITHUB_POSTGRES_DSN": stack.postgres_dsn,
        "CREDITHUB_UPSTREAM_URL": "unused", "CREDITHUB_TOPIC_PREFIX": topic_prefix, "CREDITHUB_PARTITIONS": "1",
    }  # fmt: skip
    command = (*CREDITHUB, "prepare")
    return lambda: subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )


def test_keys_that_are_gone_are_not_replaced(
    prepare: Callable[[], "subprocess.CompletedProcess[str]"], stack: Services, topic_prefix: str, tmp_path: Path
) -> None:
    config = stack.bus(topic_prefix, partitions=1)
    admin = clients.admin(config)
    # Made by somebody by the broker's defaults: its messages would go after a week.
    name = config.topic(topics.CHANGE)
    admin.create_topics([NewTopic(name, 1, 1)])[name].result(30)
    first = prepare()
    assert first.returncode == 0, first.stderr
    (answer,) = admin.describe_configs([ConfigResource(ConfigResource.Type.TOPIC, name)]).values()
    held = answer.result()
    assert {held["retention.ms"].value, held["max.message.bytes"].value} == {"-1", str(24 * 1024 * 1024)}
    # What is needed to read the topics, should the registry be lost.
    assert is_zipfile(tmp_path / "schemas.zip")
    keys = tmp_path / "keys.json"
    kept = keys.read_bytes()
    keys.unlink()
    # Nothing was pushed yet.
    assert prepare().returncode == 0
    assert keys.read_bytes() != kept
    producer = clients.producer(config)
    producer.produce(config.topic(topics.SUBMISSION), b"a push", b"key")
    assert producer.flush(30) == 0
    keys.unlink()
    refused = prepare()
    assert refused.returncode != 0
    assert "There is no key file" in refused.stderr
    assert "backup" in refused.stderr
    assert not keys.exists()


def test_a_registry_that_is_lost_is_not_filled_with_other_ids(
    prepare: Callable[[], "subprocess.CompletedProcess[str]"], stack: Services, topic_prefix: str, tmp_path: Path
) -> None:
    config = stack.bus(topic_prefix, partitions=1)
    topics.ensure_topics(config, [topics.TopicSpec(topics.CALENDAR, {})])
    producer = clients.producer(config)
    producer.produce(config.topic(topics.CALENDAR), b"of another registry")
    assert producer.flush(30) == 0
    refused = prepare()
    assert refused.returncode != 0
    assert "is empty, but what Kafka holds was written with its schemas' ids" in refused.stderr
    assert "credithub schemas export" in refused.stderr
    assert not has_subjects(config)
    # This registry has others' schemas, to which no archive is added.
    (tmp_path / "schemas.zip").write_bytes(archived(config))
    refused = prepare()
    assert refused.returncode != 0
    assert "holds schemas already" in refused.stderr
    assert not has_subjects(config)
