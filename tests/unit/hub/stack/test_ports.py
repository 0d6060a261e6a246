"""Ports: the remembered one, the preferred one, the next free one; a clear error when pinned."""

import socket
from pathlib import Path

import pytest

from catalogue.errors import StackError
from hub.stack.ports import Ports, is_free


def test_the_preferred_port_is_given_when_it_is_free(tmp_path: Path) -> None:
    assert Ports(tmp_path / "ports.json", free=lambda _port: True).give("kafka", 9092) == 9092


def test_a_taken_port_is_avoided_and_the_choice_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "ports.json"
    assert Ports(file, free=lambda port: port != 9092).give("kafka", 9092) == 9093
    # The preferred one is free again, but clients know the other.
    assert Ports(file, free=lambda _port: True).give("kafka", 9092) == 9093


def test_two_services_never_share_a_port(tmp_path: Path) -> None:
    ports = Ports(tmp_path / "ports.json", free=lambda _port: True)
    given = [ports.give(name, 9092) for name in ("a", "b", "c")]
    assert given == [9092, 9093, 9094]
    assert ports.give("a", 9092) == 9092


def test_a_port_that_another_service_remembers_is_left_to_it(tmp_path: Path) -> None:
    file = tmp_path / "ports.json"
    first = Ports(file, free=lambda port: port != 9092)
    first.give("kafka", 9092)
    again = Ports(file, free=lambda port: port != 9092)
    assert again.give("other", 9092) == 9094
    assert again.give("kafka", 9092) == 9093


def test_a_pinned_port_that_is_taken_names_who_has_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not is_free(port)
        with pytest.raises(StackError, match=f"Port {port} for kafka is taken by") as caught:
            Ports(tmp_path / "ports.json", pinned=True).give("kafka", port)
        assert "CREDITHUB_KAFKA_PORT" in caught.value.remedy
    assert is_free(port)


def test_a_server_on_all_interfaces_counts_too(tmp_path: Path) -> None:
    with socket.create_server(("0.0.0.0", 0)) as server:
        assert not is_free(server.getsockname()[1])


def test_no_free_port_at_all_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="so are the"):
        Ports(tmp_path / "ports.json", free=lambda _port: False).give("kafka", 9092)
