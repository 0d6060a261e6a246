"""What every client of the bus is made with; the clients connect only when they are used."""

import gc
import weakref
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from confluent_kafka import KafkaException

from bus import clients
from bus.access import login
from bus.config import BusConfig
from bus.grants import write_client_file

CONFIG = BusConfig("127.0.0.1:1,127.0.0.1:2", "http://127.0.0.1:3", topic_prefix="try.")


def test_aiokafka_reads_committed_messages_from_the_same_brokers() -> None:
    assert clients.aiokafka_settings(CONFIG) == {
        "bootstrap_servers": ["127.0.0.1:1", "127.0.0.1:2"],
        "isolation_level": "read_committed",
    }


def test_a_caller_s_settings_are_taken_and_checked_by_the_client() -> None:
    clients.producer(CONFIG, **{"transactional.id": CONFIG.topic("merge-0")})
    clients.admin(CONFIG, **{"reconnect.backoff.ms": 5})
    with closing(clients.consumer(CONFIG, "bank", **{"enable.partition.eof": True})):
        pass
    with pytest.raises(KafkaException, match="No such configuration property"):
        clients.producer(CONFIG, **{"no.such.setting": 1})


def test_a_producer_stays_idempotent_whatever_a_caller_says() -> None:
    with pytest.raises(KafkaException):
        clients.producer(CONFIG, acks="1")


def test_an_admin_that_nobody_holds_is_gone_at_once() -> None:
    # Each has four threads and a connection; a long process seldom searches for cycles.
    gc.disable()
    try:
        client = clients._Admin({"bootstrap.servers": "127.0.0.1:1", "log_level": 2})
        held = weakref.ref(client)
        del client
        assert held() is None
    finally:
        gc.enable()


def test_a_consumer_takes_another_password_in_its_own_thread(tmp_path: Path) -> None:
    """While it consumes, librdkafka lets whoever calls from another thread wait for tens of seconds."""
    file = tmp_path / "worker.json"
    write_client_file(file, login("worker", "one", "SCRAM-SHA-512"))
    config = replace(CONFIG, client_file=str(file))
    with closing(clients.consumer(config, "x", log_level=0)) as consumer:
        consumer.set_sasl_credentials("worker", "two")
        assert consumer._login == ("worker", "two")
        consumer.poll(0)
        assert consumer._login is None
