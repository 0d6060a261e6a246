"""Where something may be sent, and when again."""

import pytest

from rules.release.webhooks import RETRY_WAITS_S, WebhookDefinition, wait_s

URL = "https://hooks.bank.example/credithub"
NETWORK = "203.0.113.0/24"


def test_the_schedule_lasts_seventy_five_hours() -> None:
    waits = [wait_s(failures, 0.0) for failures in range(1, len(RETRY_WAITS_S) + 2)]
    assert waits[-1] is None
    assert 75 * 3600 <= sum(wait for wait in waits if wait is not None) < 76 * 3600
    assert waits[:-1] == sorted(waits[:-1], key=float)  # type: ignore[arg-type]


def test_what_the_receiver_asks_for_lengthens_a_wait_and_never_shortens_it() -> None:
    assert wait_s(1, 60.0) == 60.0
    assert wait_s(2, 1.0) == RETRY_WAITS_S[1]


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.bank.example/", "ftp://hooks.bank.example/", "https:///path", "hooks.bank.example",
        "https://user:secret@hooks.bank.example/", "https://@hooks.bank.example/", "https://hooks.bank.example/#part",
        "https://hooks.bank.example:0/", "https://hooks.bank.example:99999/", "https://银行.example/",
        "https://hooks.bank.example/a b", "https://hooks.bank.example\\@evil.example/", "https://" + "a" * 600,
        "https://hooks.bank.example/\r\nHost: evil", "https://[::1/",
    ],
)  # fmt: skip
@pytest.mark.attack(
    by="who writes a recipient's file", wants="to have messages sent in clear, or to a place that it hides"
)
def test_a_url_that_is_not_plainly_https_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"^webhook: url"):
        WebhookDefinition(url, (NETWORK,))


@pytest.mark.parametrize(
    "network",
    [
        "0.0.0.0/0", "::/0", "10.0.0.0/7", "2000::/3", "169.254.169.254/32", "169.254.0.0/16", "224.0.0.0/8",
        "0.0.0.0/8", "fe80::/16", "ff02::/16", "::ffff:10.0.0.0/104", "64:ff9b::/96", "203.0.113.1/24", "bank", "",
    ],
)  # fmt: skip
@pytest.mark.attack(by="who writes a recipient's file", wants="to reach a cloud's metadata, or any address at all")
def test_a_network_that_is_nobody_s_own_is_refused(network: str) -> None:
    with pytest.raises(ValueError, match=r"^webhook: "):
        WebhookDefinition(URL, (network,))


def test_networks_are_named_private_ones_too() -> None:
    assert WebhookDefinition(URL, (NETWORK, "10.8.0.0/16", "2001:db8::/32")).is_loopback is False
    assert WebhookDefinition(URL, ("127.0.0.0/8",)).is_loopback
    assert WebhookDefinition(URL, ("::1/128",)).is_loopback
    for networks in ((), (NETWORK,) * 17):
        with pytest.raises(ValueError, match="networks are 1 to 16"):
            WebhookDefinition(URL, networks)
