"""Which processes the hub has, and what a command of ours that it starts is told."""

import os

import pytest

from hub.processes import child_environment, hub_processes
from hub.settings import exact_settings


def test_every_worker_and_sink_is_a_process() -> None:
    settings = exact_settings(workers=2)
    processes = {process.name: process.arguments for process in hub_processes(settings, 8090, ("x",))}
    assert processes["worker-1"] == ("worker", "--index", "1")
    assert processes["sink-bank.x"] == ("sink", "bank.x")
    assert processes["upstream"] == ("upstream", "--port", "8090")
    assert "upstream" not in {process.name for process in hub_processes(settings, None, ())}


def test_a_child_has_the_given_settings_and_none_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDITHUB_REGION", "999999")
    monkeypatch.setenv("CREDITHUB_KAFKA_BOOTSTRAP", "a:1")
    environment = child_environment(exact_settings(workers=3))
    assert environment["CREDITHUB_WORKERS"] == "3"
    assert environment["CREDITHUB_REGION"] == "630100"
    assert "CREDITHUB_KAFKA_BOOTSTRAP" not in environment
    assert environment["PATH"] == os.environ["PATH"]
