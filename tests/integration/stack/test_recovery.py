"""Killed without warning, the services come back with what they had acknowledged; nothing is left behind."""

import os
import signal
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import psycopg2
import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import NewTopic, OffsetSpec

import hub.stack
from bus import clients
from bus.config import BusConfig
from bus.reading.offsets import connected, offsets
from bus.users import ADMIN
from catalogue.errors import Unavailable
from hub.settings import Endpoints, Settings, bus_config
from hub.stack import orphans
from hub.stack.control import supervisor_of
from hub.stack.layout import HomeLayout
from hub.stack.status import StackStatus
from tests.waiting import until

SERVICES = ("postgres", "kafka", "registry")
TOPIC = "recovery.v1"
OLDEST = "最早的一条".encode()
SCHEMA = '{"type": "record", "name": "Recovery", "fields": [{"name": "name", "type": "string"}]}'


def bus(own: Settings) -> BusConfig:
    return bus_config(own, ADMIN)


def oldest_message(own: Settings) -> bytes | None:
    """Return the value at the first offset of the topic."""
    consumer = clients.consumer(bus(own), "recovery")
    try:
        consumer.assign([TopicPartition(TOPIC, 0, 0)])
        message = consumer.poll(30)
        return None if message is None or message.error() else message.value()
    finally:
        consumer.close()


def fill(own: Settings, addresses: Endpoints) -> int:
    """Leave a message, a schema and a row; return the schema's id."""
    admin = clients.admin(bus(own))
    admin.create_topics([NewTopic(TOPIC, 1, 1, config={"retention.ms": "-1"})])[TOPIC].result(30)
    producer = clients.producer(bus(own))
    for value in (OLDEST, *(str(number).encode() for number in range(1000))):
        producer.produce(TOPIC, value)
    assert producer.flush(30) == 0
    subject = urllib.parse.quote(f"{TOPIC}-value")
    url = f"{addresses.registry_url}/subjects/{subject}/versions"
    schema_id = int(httpx.post(url, json={"schema": SCHEMA}, timeout=30).raise_for_status().json()["id"])
    with psycopg2.connect(addresses.postgres_dsn) as connection, connection.cursor() as cursor:
        cursor.execute("create table recovery (name text); insert into recovery values ('一')")
    connection.close()
    return schema_id


def check_kept(own: Settings, addresses: Endpoints, schema_id: int) -> None:
    """Assert that what `fill` left is there."""
    assert oldest_message(own) == OLDEST
    response = httpx.get(f"{addresses.registry_url}/schemas/ids/{schema_id}", timeout=30)
    assert "Recovery" in response.raise_for_status().json()["schema"]
    with psycopg2.connect(addresses.postgres_dsn) as connection, connection.cursor() as cursor:
        cursor.execute("select name from recovery")
        assert cursor.fetchall() == [("一",)]
    connection.close()


def pids(status: StackStatus) -> dict[str, int]:
    return {process.name: process.pid for process in status.processes if process.pid}


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory, settings_of: Callable[[Path], Settings]) -> Iterator[Settings]:
    """Return the settings of a stack that these tests may kill."""
    settings = settings_of(tmp_path_factory.mktemp("own") / "a home")
    yield settings
    hub.stack.stop(settings)
    assert not orphans.find(HomeLayout.of(settings))


@pytest.fixture(scope="module")
def addresses(own: Settings) -> Endpoints:
    return hub.stack.start(own, services_only=True)


@pytest.fixture(scope="module")
def schema_id(own: Settings, addresses: Endpoints) -> int:
    return fill(own, addresses)


@pytest.mark.slow
def test_all_services_killed_at_once_come_back_with_their_data(
    own: Settings, addresses: Endpoints, schema_id: int
) -> None:
    killed = pids(hub.stack.status(own))
    assert set(killed) == set(SERVICES)
    for pid in killed.values():
        os.kill(pid, signal.SIGKILL)

    def is_back() -> bool:
        status = hub.stack.status(own)
        restarted = all(process.restarts >= 1 for process in status.processes if process.name in SERVICES)
        return status.phase == "ready" and restarted

    until(is_back, "broker, registry and database are restarted and healthy")
    now = {process.name: process for process in hub.stack.status(own).processes}
    assert {now[name].last_exit for name in SERVICES} >= {"SIGKILL"}
    # On the same ports: clients that were connected go on.
    assert hub.stack.start(own, services_only=True) == addresses
    check_kept(own, addresses, schema_id)


@pytest.mark.slow
def test_a_hung_broker_is_shown_as_unhealthy_and_says_no_offsets(
    own: Settings, addresses: Endpoints, schema_id: int
) -> None:
    pid = pids(hub.stack.status(own))["kafka"]

    def state() -> str:
        return next(process.state for process in hub.stack.status(own).processes if process.name == "kafka")

    config = bus(own)
    admin, asked = connected(config, TOPIC), [TopicPartition(TOPIC, 0)]
    assert offsets(config, admin, asked, OffsetSpec.latest(), within_s=5)[asked[0]] > 0
    os.kill(pid, signal.SIGSTOP)
    try:
        # The client returns an offset that is none, and no error.
        with pytest.raises(Unavailable):
            offsets(config, admin, asked, OffsetSpec.latest(), within_s=3)
        until(lambda: state() == "unhealthy", "status shows the hung broker")
        assert hub.stack.status(own).phase == "degraded"
    finally:
        os.kill(pid, signal.SIGCONT)
    until(lambda: hub.stack.status(own).phase == "ready", "the broker is healthy again")


@pytest.mark.slow
def test_a_killed_supervisor_leaves_no_orphan_and_up_works_again(
    own: Settings, addresses: Endpoints, schema_id: int
) -> None:
    layout = HomeLayout.of(own)
    supervisor = supervisor_of(layout)
    assert supervisor is not None
    children = [psutil.Process(pid) for pid in pids(hub.stack.status(own)).values()]
    supervisor.kill()
    for child in children:
        assert orphans.wait_gone(child, 15), "the children end with their supervisor"
    assert not orphans.find(layout)
    status = hub.stack.status(own)
    assert status.phase == "stopped"
    assert "credithub up" in status.remedy
    # Stale now: the addresses, the pid files, Kafka's .lock.
    assert layout.supervisor_file.exists()
    assert layout.endpoints_file.exists()
    assert (layout.kafka / "data" / ".lock").exists()
    assert hub.stack.start(own, services_only=True) == addresses
    check_kept(own, addresses, schema_id)


@pytest.mark.slow
def test_down_leaves_no_process(own: Settings, addresses: Endpoints) -> None:
    children = [psutil.Process(pid) for pid in pids(hub.stack.status(own)).values()]
    assert len(children) == len(SERVICES)
    assert hub.stack.stop(own)
    for child in children:
        assert orphans.wait_gone(child, 0.5)
    assert hub.stack.status(own).phase == "stopped"
    assert not Path(own.endpoints_file).exists()
    assert not hub.stack.stop(own)
