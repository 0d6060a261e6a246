"""What is posted reaches registered networks alone, by TLS, and nothing that is answered leads elsewhere."""

import ipaddress
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.https_post import HttpsPost, PostFailure, is_within
from connectors.tls import ClientTls
from tests.https_receiver import Receiver, https_receiver

LOOPBACK = [ipaddress.ip_network("127.0.0.0/8")]
ELSEWHERE = [ipaddress.ip_network("203.0.113.0/24")]


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    with https_receiver(tmp_path) as found:
        yield found


def post_of(receiver: Receiver, **more: object) -> HttpsPost:
    return HttpsPost(ClientTls(receiver.authority).context(), **more)  # type: ignore[arg-type]


def test_what_is_posted_comes_as_it_is(receiver: Receiver) -> None:
    answer = post_of(receiver).post(receiver.url, LOOPBACK, b"{}", {"webhook-id": "a"})
    assert (answer.status, answer.failure) == (204, None)
    assert [(got.body, got.headers["webhook-id"]) for got in receiver.got] == [(b"{}", "a")]


@pytest.mark.parametrize("name", ["retry-after", "Retry-After", "RETRY-AFTER"])
def test_how_long_a_receiver_wants_to_be_left_alone_is_told(receiver: Receiver, name: str) -> None:
    receiver.answers = lambda got: (429, {name: "120"})
    assert post_of(receiver).post(receiver.url, LOOPBACK, b"", {}).retry_after_s == 120
    receiver.answers = lambda got: (503, {name: "9" * 40})
    assert post_of(receiver).post(receiver.url, LOOPBACK, b"", {}).retry_after_s == 86_400


@pytest.mark.attack(by="a bank's server", wants="to have the hub ask for something inside, by a redirection (SSRF)")
def test_a_redirection_is_not_followed(receiver: Receiver) -> None:
    receiver.answers = lambda got: (307, {"location": receiver.url + "/inside"})
    assert post_of(receiver).post(receiver.url, LOOPBACK, b"{}", {}).status == 307
    assert len(receiver.got) == 1


@pytest.mark.attack(by="who controls a bank's DNS", wants="to reach a service inside by a name that means its address")
def test_an_address_outside_of_the_networks_is_not_connected_to(receiver: Receiver) -> None:
    answer = post_of(receiver).post(receiver.url, ELSEWHERE, b"{}", {})
    assert (answer.status, answer.failure) == (None, PostFailure.WRONG_NETWORK)
    by_number = receiver.url.replace("localhost", "127.0.0.1")
    assert post_of(receiver).post(by_number, ELSEWHERE, b"{}", {}).failure is PostFailure.WRONG_NETWORK
    assert receiver.got == []


@pytest.mark.attack(
    by="who controls a bank's DNS", wants="another address at the connection than at the check (rebinding)"
)
def test_a_name_is_resolved_once_and_the_checked_address_is_connected_to(receiver: Receiver) -> None:
    answers = iter([["203.0.113.9", "127.0.0.1"], ["203.0.113.9"]])
    asked: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return next(answers)

    post = post_of(receiver, resolve=resolve)
    # Of several addresses those in the networks alone are tried; the name is not asked for again.
    assert post.post(receiver.url, LOOPBACK, b"{}", {}).status == 204
    assert asked == ["localhost"]
    # At the next request it means something else: that is checked anew.
    assert post.post(receiver.url, LOOPBACK, b"{}", {}).failure is PostFailure.WRONG_NETWORK
    assert len(receiver.got) == 1


@pytest.mark.attack(by="who stands on the way", wants="to receive in a bank's place, with a certificate of its own")
def test_a_certificate_of_another_authority_or_name_is_refused(receiver: Receiver, tmp_path: Path) -> None:
    with https_receiver(tmp_path / "other") as other:
        assert post_of(receiver).post(other.url, LOOPBACK, b"{}", {}).failure is PostFailure.TLS
        named = receiver.url.replace("localhost", "hooks.bank.example")
        elsewhere = post_of(receiver, resolve=lambda host, port: ["127.0.0.1"])
        assert elsewhere.post(named, LOOPBACK, b"{}", {}).failure is PostFailure.TLS
        assert other.got == receiver.got == []


def test_nothing_is_sent_in_clear() -> None:
    with pytest.raises(ValueError, match="https"):
        HttpsPost(ClientTls().context()).post("http://localhost:1/", LOOPBACK, b"{}", {})


@pytest.mark.attack(by="a bank's server", wants="to keep the hub waiting, by a byte now and then")
def test_who_answers_slowly_is_left_in_time(receiver: Receiver) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        ends = threading.Event()

        def drip() -> None:
            connection, _ = server.accept()
            with connection:
                while not ends.wait(0.05):
                    try:
                        # The head of a record of TLS, a byte at a time, is never enough of one.
                        connection.send(b"\x16\x03\x03\xff\xff"[:1])
                    except OSError:
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        begun = time.monotonic()
        url = f"https://localhost:{server.getsockname()[1]}/"
        answer = post_of(receiver, whole_s=0.5).post(url, LOOPBACK, b"{}", {})
        ends.set()
        thread.join(60)
    assert answer.status is None
    assert time.monotonic() - begun < 30


def test_who_is_not_there_is_unreachable(receiver: Receiver) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    assert post_of(receiver).post(f"https://localhost:{free}/", LOOPBACK, b"", {}).failure is PostFailure.UNREACHABLE

    def nobody(host: str, port: int) -> list[str]:
        raise socket.gaierror("no such name")

    assert post_of(receiver, resolve=nobody).post(receiver.url, LOOPBACK, b"", {}).failure is PostFailure.UNREACHABLE


@pytest.mark.parametrize(
    ("address", "networks", "is_in"),
    [
        ("10.1.2.3", ["10.0.0.0/8"], True),
        ("11.1.2.3", ["10.0.0.0/8"], False),
        ("::ffff:10.1.2.3", ["10.0.0.0/8"], True),
        ("::ffff:127.0.0.1", ["2001:db8::/32", "203.0.113.0/24"], False),
        ("::127.0.0.1", ["127.0.0.0/8"], False),
        ("64:ff9b::7f00:1", ["127.0.0.0/8"], False),
        ("2001:db8::1", ["2001:db8::/32"], True),
        ("fe80::1%lo", ["fe80::/10"], False),
        ("127.1", ["127.0.0.0/8"], False),
        ("0x7f000001", ["127.0.0.0/8"], False),
        ("", ["127.0.0.0/8"], False),
    ],
)
def test_an_address_is_what_it_means_not_how_it_is_written(address: str, networks: list[str], is_in: bool) -> None:
    assert is_within(address, map(ipaddress.ip_network, networks)) is is_in


@given(st.ip_addresses(v=4), st.ip_addresses(v=4), st.integers(8, 32))
def test_an_address_of_ipv4_is_in_the_same_networks_however_it_is_written(
    address: ipaddress.IPv4Address, other: ipaddress.IPv4Address, prefix: int
) -> None:
    network = ipaddress.ip_network(f"{other}/{prefix}", strict=False)
    assert is_within(str(address), [network]) is (address in network)
    assert is_within(f"::ffff:{address}", [network]) is (address in network)
