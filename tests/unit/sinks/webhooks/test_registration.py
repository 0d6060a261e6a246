"""The secrets of webhooks, and what was ordered, in files for the hub's user alone."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from catalogue.errors import UsageError
from sinks.webhooks.registration import OrderKind, WebhookRegistrations

NOW = datetime(2026, 3, 2, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def registrations(tmp_path: Path) -> WebhookRegistrations:
    return WebhookRegistrations(tmp_path / "webhooks")


def test_a_secret_is_given_once(registrations: WebhookRegistrations, tmp_path: Path) -> None:
    assert registrations.of("yinhe") is None
    secret = registrations.register("yinhe")
    assert secret is not None
    assert secret.startswith("whsec_")
    assert registrations.register("yinhe") is None
    known = registrations.of("yinhe")
    assert known is not None
    assert known.signing(NOW) == [secret]
    assert secret not in repr(known)
    file = tmp_path / "webhooks" / "yinhe.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_a_former_secret_signs_until_the_overlap_is_over(registrations: WebhookRegistrations) -> None:
    first = registrations.register("yinhe")
    second = registrations.rotate("yinhe", NOW, DAY)
    third = registrations.rotate("yinhe", NOW + DAY / 2, timedelta())
    known = registrations.of("yinhe")
    assert known is not None
    assert known.signing(NOW + DAY / 2) == [third]
    assert len({first, second, third}) == 3
    again = WebhookRegistrations(Path(registrations._folder))
    assert again.of("yinhe") == known


def test_both_sign_meanwhile(registrations: WebhookRegistrations) -> None:
    first = registrations.register("yinhe")
    second = registrations.rotate("yinhe", NOW, DAY)
    known = registrations.of("yinhe")
    assert known is not None
    assert known.signing(NOW + DAY / 2) == [second, first]
    assert known.signing(NOW + DAY) == [second]


def test_orders_are_numbered(registrations: WebhookRegistrations) -> None:
    registrations.register("yinhe")
    assert registrations.order("yinhe", OrderKind.RESUME, NOW).number == 1
    assert registrations.order("yinhe", OrderKind.REPLAY, NOW, NOW - DAY).number == 2
    known = registrations.of("yinhe")
    assert known is not None
    assert [one.kind for one in known.orders] == [OrderKind.RESUME, OrderKind.REPLAY]
    assert known.last_order == 2


def test_who_has_no_webhook_gets_none_by_an_order(registrations: WebhookRegistrations) -> None:
    with pytest.raises(UsageError, match="has no webhook"):
        registrations.rotate("yinhe", NOW, DAY)
    with pytest.raises(UsageError, match="so long"):
        registrations.rotate("yinhe", NOW, timedelta(days=8))


@pytest.mark.attack(
    by="another user of the machine", wants="to read a webhook's secret, or to put one of its own there"
)
def test_a_file_that_others_can_read_or_that_is_a_link_is_refused(
    registrations: WebhookRegistrations, tmp_path: Path
) -> None:
    secret = registrations.register("yinhe")
    file = tmp_path / "webhooks" / "yinhe.json"
    file.chmod(0o644)
    with pytest.raises(UsageError, match="read or changed by others"):
        registrations.of("yinhe")
    file.chmod(0o600)
    file.rename(tmp_path / "elsewhere.json")
    file.symlink_to(tmp_path / "elsewhere.json")
    with pytest.raises(UsageError, match="cannot be read"):
        registrations.of("yinhe")
    file.unlink()
    file.write_text('{"secrets": "' + str(secret) + '"}')
    file.chmod(0o600)
    with pytest.raises(UsageError) as caught:
        registrations.of("yinhe")
    assert str(secret) not in str(caught.value)
