"""Ports: the remembered one, the preferred one, the next free one; a clear error when pinned."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from catalogue.errors import StackError
from hub.stack.ports import Claim, Ports, claim, is_answered_by, is_free


def but(*taken: int) -> Callable[[int], Claim | None]:
    """Return what gives every port but those that are taken."""
    return lambda port: None if port in taken else lambda: None


def test_the_preferred_port_is_given_when_it_is_free(tmp_path: Path) -> None:
    assert Ports(tmp_path / "ports.json", claim=but()).give("kafka", 9092) == 9092


def test_a_taken_port_is_avoided_and_the_choice_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "ports.json"
    assert Ports(file, claim=but(9092)).give("kafka", 9092) == 9093
    # The preferred one is free again, but clients know the other.
    assert Ports(file, claim=but()).give("kafka", 9092) == 9093


def test_two_services_never_share_a_port(tmp_path: Path) -> None:
    ports = Ports(tmp_path / "ports.json", claim=but())
    given = [ports.give(name, 9092) for name in ("a", "b", "c")]
    assert given == [9092, 9093, 9094]
    assert ports.give("a", 9092) == 9092


def test_a_port_that_another_service_remembers_is_left_to_it(tmp_path: Path) -> None:
    file = tmp_path / "ports.json"
    first = Ports(file, claim=but(9092))
    first.give("kafka", 9092)
    again = Ports(file, claim=but(9092))
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
        Ports(tmp_path / "ports.json", claim=lambda _port: None).give("kafka", 9092)


CLAIMS = "import sys; from hub.stack.ports import claim; print(bool(claim(int(sys.argv[1]))))"


def test_a_port_that_was_promised_is_nobody_else_s_before_somebody_listens(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    give_back = claim(port)
    assert give_back is not None
    assert is_free(port)
    assert claim(port) is None
    others = Ports(tmp_path / "ports.json")
    assert others.give("kafka", port) > port
    others.close()

    def other_hub() -> str:
        return subprocess.run((sys.executable, "-c", CLAIMS, str(port)), capture_output=True, text=True).stdout.strip()

    assert other_hub() == "False"
    give_back()
    assert other_hub() == "True"


def test_a_port_that_was_taken_meanwhile_is_chosen_anew(tmp_path: Path) -> None:
    taken: set[int] = set()
    ports = Ports(
        tmp_path / "ports.json",
        claim=lambda port: None if port in taken else lambda: None,
        free=lambda port: port not in taken,
    )
    assert ports.give("metrics.clock", 9400) == 9400
    assert ports.renew("metrics.clock", 9400) == 9400
    taken.add(9400)
    assert ports.renew("metrics.clock", 9400) == 9401
    assert Ports(tmp_path / "ports.json", claim=but()).give("metrics.clock", 9400) == 9401


def test_whose_a_port_is_can_be_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert is_answered_by(os.getpid(), f"http://127.0.0.1:{port}/metrics")
        assert is_answered_by(os.getpid(), f"127.0.0.1:{port}")
        assert not is_answered_by(os.getppid(), f"127.0.0.1:{port}")
    assert not is_answered_by(os.getpid(), f"127.0.0.1:{port}")
    assert is_answered_by(os.getpid(), "")
