"""The services of the fixture answer, whoever started them."""

import httpx
import psycopg2
import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from hub.settings import Endpoints


def test_a_message_goes_through_the_broker(stack: Endpoints, topic_prefix: str) -> None:
    topic = f"{topic_prefix}echo"
    admin = AdminClient({"bootstrap.servers": stack.bootstrap})
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(10)
    producer = Producer({"bootstrap.servers": stack.bootstrap})
    producer.produce(topic, value="统一社会信用代码".encode())
    assert producer.flush(10) == 0
    consumer = Consumer(
        {
            "bootstrap.servers": stack.bootstrap,
            "group.id": f"{topic_prefix}reader",
            "auto.offset.reset": "earliest",
            "session.timeout.ms": 6000,
        }
    )
    consumer.subscribe([topic])
    message = consumer.poll(20)
    consumer.close()
    admin.delete_topics([topic])[topic].result(10)
    assert message is not None
    assert message.error() is None
    assert message.value() == "统一社会信用代码".encode()


def test_a_mistyped_topic_is_not_created(stack: Endpoints, topic_prefix: str) -> None:
    admin = AdminClient({"bootstrap.servers": stack.bootstrap, "allow.auto.create.topics": True})
    admin.list_topics(f"{topic_prefix}mistyped", timeout=10)
    assert f"{topic_prefix}mistyped" not in admin.list_topics(timeout=10).topics


def test_the_registry_speaks_confluents_api(stack: Endpoints) -> None:
    response = httpx.get(f"{stack.registry_url}/subjects")
    assert response.status_code == 200
    assert isinstance(response.json(), list)


@pytest.mark.attack(by="a local user", wants="into PostgreSQL with a wrong password")
def test_postgres_wants_the_password(stack: Endpoints) -> None:
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
