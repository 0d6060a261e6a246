"""The services of the fixture answer, whoever started them."""

import httpx
import psycopg2
import pytest
from confluent_kafka.admin import NewTopic

from bus import clients
from tests.services import Services


def test_a_message_goes_through_the_broker(stack: Services, topic_prefix: str) -> None:
    topic = f"{topic_prefix}echo"
    admin = clients.admin(stack.bus())
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(10)
    producer = clients.producer(stack.bus())
    producer.produce(topic, value="统一社会信用代码".encode())
    assert producer.flush(10) == 0
    consumer = clients.consumer(stack.bus(topic_prefix), "reader")
    consumer.subscribe([topic])
    message = consumer.poll(20)
    consumer.close()
    admin.delete_topics([topic])[topic].result(10)
    assert message is not None
    assert message.error() is None
    assert message.value() == "统一社会信用代码".encode()


def test_a_mistyped_topic_is_not_created(stack: Services, topic_prefix: str) -> None:
    admin = clients.admin(stack.bus(), **{"allow.auto.create.topics": True})
    admin.list_topics(f"{topic_prefix}mistyped", timeout=10)
    assert f"{topic_prefix}mistyped" not in admin.list_topics(timeout=10).topics


def test_the_registry_speaks_confluents_api(stack: Services) -> None:
    response = httpx.get(f"{stack.registry_url}/subjects")
    assert response.status_code == 200
    assert isinstance(response.json(), list)


@pytest.mark.attack(by="a local user", wants="into PostgreSQL with a wrong password")
def test_postgres_wants_the_password(stack: Services) -> None:
    with psycopg2.connect(stack.postgres_dsn) as connection, connection.cursor() as cursor:
        cursor.execute("select current_database(), pg_encoding_to_char(encoding) from pg_database limit 1")
        assert cursor.fetchone() is not None
    connection.close()
    user, _, place = stack.postgres_dsn.rpartition("@")
    try:
        psycopg2.connect(f"{user}x@{place}", connect_timeout=5)
    except psycopg2.OperationalError:
        return
    raise AssertionError("a wrong password was let in")
