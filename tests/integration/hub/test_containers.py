"""The commands of docker-compose.yml as plain processes, each with the environment that Compose gives it.

A container is an address of the loopback network here, of which there are sixteen million: what Compose calls by a
service's name is called by that, and what listens on all of its own interfaces listens on that one.
"""

import json
import random
import re
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from bus.users import ADMIN
from hub.database_access import DatabaseRole
from hub.processes import CREDITHUB, environment_without_settings
from hub.settings import Settings, endpoints
from hub.stack.status import write_private
from tests import kafka
from tests.compose import DEMANDED, interpolated
from tests.databases import execute
from tests.services import Services
from tests.waiting import until

_WORKERS = 2
_COMMAND_S = 300.0
_START_S = 300.0
# What a supervisor would run beside the services.
_OWN = (
    "upstream", "clock", "worker", "rater", "release", "sink-postgres", "sink-upstream", "sink-webhooks", "proof",
    "portal", "registry-door",
)  # fmt: skip
_METRICS_PORT = 9400
_ADDRESS = re.compile(r"([\w.-]+):(\d+)")


@dataclass(frozen=True, slots=True)
class Containers:
    """What Compose makes of its file: the services, and an address for each replica of them."""

    services: Mapping[str, Any]
    addresses: Mapping[str, tuple[str, ...]]
    home: Path

    def environment(self, service: str, address: str) -> dict[str, str]:
        """Return the variables of a container, whose names are those of this network."""
        given = {name: str(value) for name, value in self.services[service]["environment"].items()}
        # A container sees the keys where their volume is mounted, and nothing at that path elsewhere.
        mounted = any(mount.startswith("keys:") for mount in self.services[service]["volumes"])
        keys = self.home / ("keys" if mounted else "no-keys") / "keys.json"
        listening = dict.fromkeys(("CREDITHUB_LISTEN_HOST", "CREDITHUB_REGISTRY_DOOR_HOST"), address)
        given |= {"CREDITHUB_HOME": str(self.home), "CREDITHUB_KEY_FILE": str(keys), **listening}
        given["CREDITHUB_KAFKA_ACCESS"] = str(self.home / "kafka" / service)
        given = {name: _ADDRESS.sub(self._by_number, value) for name, value in given.items()}
        return {**environment_without_settings(), **given}

    def _by_number(self, name: re.Match[str]) -> str:
        host, port = name.groups()
        return ",".join(f"{address}:{port}" for address in self.addresses.get(host, (host,)))

    def runs(self, service: str, *arguments: str, exit_codes: tuple[int, ...] = (0,)) -> str:
        """Run a command as `docker compose run --rm SERVICE …` does; return what it prints."""
        environment = self.environment(service, self.addresses.get(service, ("127.0.0.1",))[0])
        done = subprocess.run(
            (*CREDITHUB, *arguments), env=environment, cwd=self.home, capture_output=True, text=True,
            timeout=_COMMAND_S, check=False,
        )  # fmt: skip
        assert done.returncode in exit_codes, f"{arguments}: {done.stdout[-2000:]} {done.stderr[-2000:]}"
        return done.stdout

    def starts(self, service: str, address: str) -> "subprocess.Popen[bytes]":
        """Start a container's own command, as it stands in the file."""
        with (self.home / f"{service}-{address}.log").open("wb") as log:
            return subprocess.Popen(
                (*CREDITHUB, *self.services[service]["command"]), env=self.environment(service, address),
                cwd=self.home, stdout=log, stderr=log,
            )  # fmt: skip

    def readiness(self, service: str, address: str) -> httpx.Response | None:
        """Return what a container says of itself, once it says anything."""
        try:
            return httpx.get(f"http://{address}:{_METRICS_PORT}/readyz", timeout=10)
        except httpx.TransportError:
            return None


@pytest.fixture
def containers(stack: Services, settings: Settings, tmp_path: Path) -> Iterator[Containers]:
    name = f"compose{uuid.uuid4().hex[:8]}"
    execute(stack.postgres_dsn, f'create database "{name}" owner {DatabaseRole.OWNER.user}')
    # As Compose's own database has them, so that each container has what its process needs, and no more.
    of_roles = {
        f"CREDITHUB_POSTGRES_{role.upper()}_DSN": f"{endpoints(settings).database(role).rpartition('/')[0]}/{name}"
        for role in DatabaseRole
    }
    compose = interpolated(
        {
            **DEMANDED,
            **of_roles,
            "CREDITHUB_KAFKA_BOOTSTRAP": stack.bootstrap,
            "CREDITHUB_REGISTRY_URL": stack.registry_url,
            "CREDITHUB_TOPIC_PREFIX": f"{name}.",
            "CREDITHUB_PARTITIONS": "2",
            "CREDITHUB_WORKERS": str(_WORKERS),
        }
    )
    services = compose["services"]
    net = f"127.{random.randint(64, 254)}.{random.randint(1, 254)}"
    free = iter(range(1, 255))
    addresses = {
        service: tuple(f"{net}.{next(free)}" for _ in range(int(services[service].get("scale", 1)))) for service in _OWN
    }
    try:
        for service, one in services.items():
            folder = tmp_path / "kafka" / service
            for file in one.get("configs", ()):
                # Compose's own broker has another administrator.
                text = compose["configs"][file["source"]]["content"]
                is_admin = Path(file["target"]).stem == ADMIN
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                write_private(
                    folder / Path(file["target"]).name, Path(stack.client_file).read_text("utf-8") if is_admin else text
                )
        yield Containers(services, addresses, tmp_path)
    finally:
        kafka.delete_topics(stack.bus(f"{name}.", partitions=2))
        execute(stack.postgres_dsn, f'drop database "{name}" with (force)')


def test_the_containers_commands_make_a_hub(containers: Containers, tmp_path: Path) -> None:
    containers.runs("prepare", *containers.services["prepare"]["command"])
    processes = {
        (service, address): containers.starts(service, address)
        for service, addresses in containers.addresses.items()
        for address in addresses
    }
    try:
        for service, address in processes:
            answer = until(
                partial(_ready, containers, processes, service, address),
                partial(containers.readiness, service, address),
                patience_s=_START_S,
            )
            assert answer.json()["home"] == str(containers.home)
        told = json.loads(containers.runs("clock", "status", "--json"))
        listed = [row["name"] for row in told["processes"]]
        # Replicas take a number each.
        assert {"kafka", "registry", "postgres", "worker-0", "worker-1"} <= set(listed)
        assert len(listed) == 3 + len(processes)
        containers.runs("clock", "sample", str(tmp_path / "city"), "--enterprises", "10")
        # Rows without a subject's code wait, and the exit code says so.
        receipts = containers.runs("worker", "push-dir", str(tmp_path / "city"), "--json", exit_codes=(0, 1))
        assert all(json.loads(line)["accepted"] is not None for line in receipts.splitlines())
        proof = json.loads(containers.runs("proof", "reconcile", "--wait", "300", "--json"))
        assert (proof["difference"], proof["pending"]) == (0, 0)
        screen = containers.runs("clock", "top", "--looks", "1")
        assert "worker-1" in screen
        assert not (tmp_path / "no-keys").exists()
    finally:
        for process in processes.values():
            # As Docker stops them.
            process.terminate()
        codes = {one: process.wait(120) for one, process in processes.items()}
    assert set(codes.values()) == {0}, codes


def _ready(
    containers: Containers, processes: "Mapping[tuple[str, str], subprocess.Popen[bytes]]", service: str, address: str
) -> httpx.Response | None:
    ended = processes[service, address].poll()
    log = containers.home / f"{service}-{address}.log"
    assert ended is None, f"{service} ended with {ended}: {log.read_text('utf-8')[-2000:]}"
    answer = containers.readiness(service, address)
    return answer if answer is not None and answer.status_code == httpx.codes.OK else None
