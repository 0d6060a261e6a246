"""Who asks too often waits, and nobody else for him."""

import pytest

from hub.registry_door.throttle import Throttle, client_of


def test_a_client_may_ask_at_once_what_it_needs_and_then_at_its_rate() -> None:
    throttle = Throttle(per_s=2.0, burst=3.0)
    assert [throttle.wait_s("10.0.0.1", 0.0) for _ in range(4)] == [0, 0, 0, 0.5]
    assert throttle.wait_s("10.0.0.1", 0.25) == 0.25
    assert throttle.wait_s("10.0.0.1", 0.5) == 0
    assert throttle.wait_s("10.0.0.1", 0.5) > 0
    # A long silence fills the bucket, and no more than that.
    assert [throttle.wait_s("10.0.0.1", 99.0) for _ in range(4)] == [0, 0, 0, 0.5]


def test_another_client_does_not_wait() -> None:
    throttle = Throttle(per_s=1.0, burst=1.0)
    assert [throttle.wait_s(client, 0.0) for client in ("10.0.0.1", "10.0.0.1", "10.0.0.2")] == [0, 1.0, 0]


def test_it_remembers_no_more_clients_than_it_may() -> None:
    throttle = Throttle(per_s=1.0, burst=1.0, most_clients=2)
    assert throttle.wait_s("10.0.0.1", 0.0) == 0
    assert throttle.wait_s("10.0.0.2", 0.0) == 0
    assert throttle.wait_s("10.0.0.1", 0.0) > 0
    # The one that was silent for the longest is forgotten.
    assert throttle.wait_s("10.0.0.3", 0.0) == 0
    assert throttle.wait_s("10.0.0.1", 0.0) > 0
    assert throttle.wait_s("10.0.0.2", 0.0) == 0


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::9", "2001:db8:1:3::/64"),
        ("", ""),
    ],
)
def test_a_network_of_one_client_is_one_client(address: str, client: str) -> None:
    assert client_of(address) == client
