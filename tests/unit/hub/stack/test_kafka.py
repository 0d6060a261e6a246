"""What Kafka's data folder holds is never formatted away."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from catalogue.errors import StackError
from hub.stack import kafka
from hub.stack.layout import HomeLayout


def test_topics_without_the_mark_of_their_formatting_are_not_deleted(layout: HomeLayout) -> None:
    node = kafka.BrokerNode(1, layout.kafka, 9092, 9094, 9093, "secret")
    segment = layout.kafka / "data" / "credit.change.v1-0" / "00000000000000000000.log"
    segment.parent.mkdir(parents=True)
    segment.write_bytes(b"kept")
    with pytest.raises(StackError, match=r"no meta\.properties"):
        kafka.prepare(layout, node)
    (layout.kafka / "data" / "meta.properties").write_text("version=1\ncluster.id=abc\n", "utf-8")
    kafka.prepare(layout, node)
    assert segment.read_bytes() == b"kept"
    assert (layout.kafka / "formatted").read_text("utf-8") == "abc"


def test_every_listener_asks_who_comes_and_certificates_encrypt_what_users_send(layout: HomeLayout) -> None:
    plain = kafka.BrokerNode(1, layout.kafka, 9092, 9094, 9093, "secret")
    encrypted = replace(plain, identity=layout.home / "certs" / "server.pem")
    protocols = [dict(_listeners(node)) for node in (plain, encrypted)]
    assert protocols[0] == dict.fromkeys(("CLIENT", "INTERNAL", "CONTROLLER"), "SASL_PLAINTEXT")
    assert protocols[1] == protocols[0] | {"CLIENT": "SASL_SSL"}
    assert f"ssl.keystore.location={encrypted.identity}" in kafka.properties(encrypted)
    assert "keystore" not in kafka.properties(plain)
    assert "secret" not in repr(plain)


def test_the_settings_with_the_password_are_private(layout: HomeLayout) -> None:
    node = kafka.BrokerNode(1, layout.kafka, 9092, 9094, 9093, "secret")
    (layout.kafka / "data" / "t-0").mkdir(parents=True)
    (layout.kafka / "data" / "meta.properties").write_text("cluster.id=abc\n", "utf-8")
    kafka.prepare(layout, node)
    assert node.properties_file.stat().st_mode & 0o077 == 0


def _listeners(node: kafka.BrokerNode) -> Iterator[list[str]]:
    (line,) = [
        line for line in kafka.properties(node).splitlines() if line.startswith("listener.security.protocol.map=")
    ]
    for pair in line.partition("=")[2].split(","):
        yield pair.split(":")
