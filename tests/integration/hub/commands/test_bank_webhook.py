"""``credithub bank webhook`` on the real broker: what is registered, signs, and is ordered; a secret is shown once."""

import json
import re
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from bus import clients
from bus.config import BusConfig
from bus.users import SINK_WEBHOOKS
from catalogue.errors import UsageError
from sinks.webhooks.positions import commit, lanes_of
from tests.integration.hub.commands.conftest import PARTITIONS, XINGHAI, recipient_file

URL = "https://hooks.xinghai.example/credithub"
HOOKED = f"{XINGHAI}webhook: {{url: {URL}, networks: [203.0.113.0/24]}}\n"
Says = Callable[..., str]


def _secret(said: str) -> str:
    (found,) = re.findall(r"whsec_[A-Za-z0-9+/=]{40,}", said)
    return str(found)


def test_a_webhook_is_registered_shown_and_given_another_secret(says: Says, tmp_path: Path) -> None:
    first = _secret(says("apply", recipient_file(tmp_path, HOOKED)))
    assert "whsec_" not in says("apply", recipient_file(tmp_path, HOOKED))
    shown = json.loads(says("webhook", "show", "xinghai", "--json"))
    assert shown == {
        "url": URL, "networks": ["203.0.113.0/24"], "signing_secrets": 1, "orders_waiting": False,
        "partitions": [
            {"partition": number, "position": 0, "failures": 0, "failing_since": None, "suspended": None}
            for number in range(PARTITIONS)
        ],
    }  # fmt: skip
    second = _secret(says("webhook", "rotate", "xinghai", "--overlap", "2"))
    assert second != first
    text = says("webhook", "show", "xinghai")
    assert f"xinghai → {URL}（网段 203.0.113.0/24；生效密钥 2 个）" in text
    assert text.count("正常") == PARTITIONS
    assert "旧密钥立即失效" in says("webhook", "rotate", "xinghai", "--overlap", "0")
    assert json.loads(says("webhook", "show", "xinghai", "--json"))["signing_secrets"] == 1
    # Nothing but the command that made it shows a secret.
    said = "".join([text, says("show", "xinghai"), says("list"), says("webhook", "show", "xinghai", "--json")])
    assert "whsec_" not in said


def test_orders_are_numbered_and_wait_for_the_process_that_sends(says: Says, config: BusConfig, tmp_path: Path) -> None:
    says("apply", recipient_file(tmp_path, HOOKED))
    # As the process does when it begins.
    with closing(clients.consumer(config, SINK_WEBHOOKS)) as consumer:
        commit(config, consumer, lanes_of(config, consumer, "xinghai", 0))
    assert "第 1 号指令" in says("webhook", "resume", "xinghai")
    assert "将从头重新推送（第 2 号指令）" in says("webhook", "replay", "xinghai", "--from", "beginning")
    moment = "2026-03-02T09:00:00+08:00"
    assert f"将从 {moment} 重新推送（第 3 号指令）" in says("webhook", "replay", "xinghai", "--from", moment)
    assert json.loads(says("webhook", "show", "xinghai", "--json"))["orders_waiting"] is True
    for wrong in ("yesterday", "2026-03-02T09:00:00"):
        with pytest.raises(UsageError, match=r"--from is .* no moment with its zone"):
            says("webhook", "replay", "xinghai", "--from", wrong)


def test_who_has_no_webhook_is_told_how_to_get_one(says: Says, tmp_path: Path) -> None:
    says("apply", recipient_file(tmp_path))
    for command in (("show",), ("rotate",), ("resume",), ("replay", "--from", "beginning")):
        with pytest.raises(UsageError, match="xinghai has no webhook") as refused:
            says("webhook", command[0], "xinghai", *command[1:])
        assert "bank apply" in (refused.value.remedy or "")
        with pytest.raises(UsageError, match="nobody"):
            says("webhook", command[0], "nobody", *command[1:])
