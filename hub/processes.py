"""The hub's own processes, as data: to add one, add a line here. And how the hub starts a command of its own."""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from hub.settings import Settings, settings_environment
from hub.variables import VARIABLE_PREFIX

CREDITHUB = (sys.executable, "-P", "-c", "from hub.main import main; main()")
"""The command ``credithub``, of this interpreter and this checkout."""


@dataclass(frozen=True, slots=True)
class HubProcess:
    """A process of ours: its name, and the arguments of ``credithub`` that run it."""

    name: str
    arguments: tuple[str, ...]


def hub_processes(settings: Settings, upstream_port: int | None, banks: tuple[str, ...]) -> Iterator[HubProcess]:
    """Yield what runs beside the services; ``upstream_port`` None: an existing upstream platform is used."""
    if upstream_port is not None:
        yield HubProcess("upstream", ("upstream", "--port", str(upstream_port)))
    yield HubProcess("clock", ("clock",))
    for index in range(settings.processes.workers):
        yield HubProcess(f"worker-{index}", ("worker", "--index", str(index)))
    yield HubProcess("sink-postgres", ("sink", "postgres"))
    yield HubProcess("sink-upstream", ("sink", "upstream"))
    for bank in banks:
        yield HubProcess(f"sink-bank.{bank}", ("sink", f"bank.{bank}"))
    yield HubProcess("proof", ("prove",))


def environment_without_settings() -> dict[str, str]:
    """Return our environment without any ``CREDITHUB_…`` variable."""
    return {name: value for name, value in os.environ.items() if not name.startswith(VARIABLE_PREFIX)}


def child_environment(settings: Settings) -> dict[str, str]:
    """Return the environment of a child that has exactly these settings, whatever our own were."""
    return {**environment_without_settings(), **settings_environment(settings), "PYTHONUNBUFFERED": "1"}
