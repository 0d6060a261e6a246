"""Which processes the hub has, and what a command of ours that it starts is told."""

import os

import pytest

from hub.processes import DATABASE_ADDRESSES, SUPERVISED_SECRETS, child_environment, hub_processes, with_secrets
from hub.settings import exact_settings


def test_every_worker_and_sink_and_the_release_is_a_process() -> None:
    settings = exact_settings(workers=2)
    processes = {process.name: process.arguments for process in hub_processes(settings, 8090)}
    assert processes["worker-1"] == ("worker", "--index", "1")
    assert processes["release"] == ("release",)
    assert processes["upstream"] == ("upstream", "--port", "8090")
    assert processes["registry-door"] == ("registry-door", "--port", "8082")
    door = [p.arguments for p in hub_processes(settings, None, door_port=9) if p.name == "registry-door"]
    assert door == [("registry-door", "--port", "9")]
    assert "upstream" not in {process.name for process in hub_processes(settings, None)}


def test_a_child_has_the_given_settings_and_none_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDITHUB_REGION", "999999")
    monkeypatch.setenv("CREDITHUB_KAFKA_BOOTSTRAP", "a:1")
    environment = child_environment(exact_settings(workers=3))
    assert environment["CREDITHUB_WORKERS"] == "3"
    assert environment["CREDITHUB_REGION"] == "630100"
    assert "CREDITHUB_KAFKA_BOOTSTRAP" not in environment
    assert environment["PATH"] == os.environ["PATH"]


@pytest.mark.attack(by="who reads a process's environment", wants="the secrets of other processes")
def test_a_child_has_no_secret_but_those_it_needs() -> None:
    secrets = {"upstream_token": "fictitious-1", "alert_mail_password": "fictitious-2", "alert_webhook": "fictitious-3"}
    settings = exact_settings(**secrets)
    assert "fictitious" not in " ".join(child_environment(settings).values())
    for name, value in secrets.items():
        given = [v for v in child_environment(settings, [name]).values() if "fictitious" in v]
        assert given == [value]


@pytest.mark.attack(by="who reads a process's environment", wants="the token of the platform above")
def test_the_token_is_for_the_node_and_its_sink_alone() -> None:
    processes = list(hub_processes(exact_settings(), 8090))
    assert {p.name for p in processes if "upstream_token" in p.secrets} == {"upstream", "sink-upstream"}
    assert frozenset().union(*(process.secrets for process in processes)) | DATABASE_ADDRESSES == SUPERVISED_SECRETS
    kept = with_secrets(exact_settings(upstream_token="a", alert_webhook="b", alert_mail_to="c"), SUPERVISED_SECRETS)
    assert (kept.upstream.token, kept.alert.webhook, kept.alert.mail_to) == ("a", None, "c")
