"""Topics and a home of its own for each run, on the services that all share; deleted when it is over.

What is left behind burdens later runs: brokers and some clients look after all topics there are.
"""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.measured import run
from bus import clients
from bus.config import BusConfig
from bus.users import ADMIN
from hub.processes import CREDITHUB
from hub.settings import Settings, changed_settings, endpoints, settings_environment
from tests.services import own_access

ROOT = Path(__file__).parents[1]


def prepared(settings: Settings, prefix: str, **more: Any) -> Settings:
    """Return settings of topics and a home of their own on the running services, with all that a worker expects."""
    folder = settings.home / prefix.rstrip(".")
    folder.mkdir(parents=True)
    addresses = endpoints(settings)
    access = own_access(settings.kafka.client_file(settings.home, ADMIN), folder / "access")
    own = changed_settings(
        settings, home=folder, topic_prefix=f"{settings.bus.topic_prefix}{prefix}",
        kafka_bootstrap=addresses.bootstrap,
        kafka_access=access, registry_url=addresses.registry_url,
        postgres_dsn=addresses.postgres_dsn, upstream_url=addresses.upstream_url, **more,
    )  # fmt: skip
    run((*CREDITHUB, "prepare"), settings_environment(own), folder)
    return own


def environment_of(settings: Settings) -> dict[str, str]:
    """Return what a process of the benchmarks needs beside our own environment."""
    return {**settings_environment(settings), "PYTHONPATH": str(ROOT)}


@contextmanager
def running(settings: Settings, name: str, arguments: Sequence[str]) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a command of the hub until the end of the block; its log is named after it."""
    log_file = settings.home / f"{name}.log"
    with log_file.open("ab") as log:
        process = subprocess.Popen(
            (*CREDITHUB, *arguments), env={**os.environ, **environment_of(settings)}, cwd=settings.home,
            stdout=log, stderr=log,
        )  # fmt: skip
    try:
        yield process
    finally:
        process.terminate()
        process.wait(120)


def delete_topics(config: BusConfig) -> None:
    """Delete what ``prepared`` made, and what was made beside it."""
    admin = clients.admin(config)
    own = [name for name in admin.list_topics(timeout=30).topics if name.startswith(config.topic_prefix)]
    for done in admin.delete_topics(own).values():
        done.result()
