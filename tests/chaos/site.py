"""A hub under fire: services and sinks under the product's own supervisor, workers and the feed under the harness."""

import http.client
import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import hub.stack
from bus.business_date import today
from bus.config import BusConfig
from bus.users import ADMIN
from hub.settings import Settings, bus_config, endpoints, exact_settings, settings_environment
from hub.stack import ports
from tests.chaos.consents import Seen, read_seen
from tests.chaos.feed import Fed, read_fed
from tests.chaos.processes import REPOSITORY, Process, until
from tests.databases import execute, superuser_dsn
from tests.integration.whole.runs import Run
from tests.services import own_access

# Six can be shared evenly by one, two or three workers.
PARTITIONS = 6
MOST_WORKERS = 3
_FIRST_METRICS_PORT = 19500
_SETTLED_WITHIN_S = 180


class Site:
    """One topic prefix with everything that works on it; ``start`` it, ``close`` it."""

    def __init__(self, settings: Settings, broken: str | None = None) -> None:
        self.settings, self.home = settings, settings.home
        self.home.mkdir(parents=True, exist_ok=True)
        self._run = Run(settings)
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("CREDITHUB_", "CHAOS_"))}
        self._environment = {
            **inherited,
            **settings_environment(settings),
            "PYTHONPATH": str(REPOSITORY),
            "PYTHONUNBUFFERED": "1",
        }
        self._given = ports.Ports(self.home / "worker-ports.json")
        self._ports = [self._given.give(f"worker-{n}", _FIRST_METRICS_PORT + n) for n in range(MOST_WORKERS)]
        self.workers = [self._worker(number, broken) for number in range(MOST_WORKERS)]
        self.feed: Process | None = None
        self._operators: Process | None = None
        self.first_day = today()

    @property
    def config(self) -> BusConfig:
        """Return where its topics are."""
        return bus_config(self.settings, ADMIN)

    def start(self, workers: int) -> None:
        """Bring services, sinks and so many workers up."""
        hub.stack.start(self.settings)
        for worker in self.workers[:workers]:
            worker.start()

    def start_merge(self, workers: int) -> None:
        """Bring the merge up alone, on services that run: topics, schemas and so many workers."""
        self._run.command("prepare")
        for worker in self.workers[:workers]:
            worker.start()

    def begin_feed(self, seed: int, rows_per_s: float) -> Process:
        """Begin to push the stream of a seed."""
        command = (sys.executable, "-m", "tests.chaos.feed", str(seed), str(rows_per_s), str(self._fed),
                   self.first_day.isoformat())  # fmt: skip
        self._fed.mkdir(parents=True, exist_ok=True)
        self.feed = Process("feed", command, self.home / "logs" / "feed.log", self._environment)
        self.feed.start()
        return self.feed

    def begin_consents(self, seed: int) -> None:
        """Begin to ask for consents, to grant and to end them; it ends with the feed."""
        command = (sys.executable, "-m", "tests.chaos.consents", str(seed), str(self._fed))
        self._operators = Process("consents", command, self.home / "logs" / "consents.log", self._environment)
        self._operators.start()

    def end_feed(self) -> None:
        """Have the feed end after the file that it is at, and operators after what they do; ``fed`` is final then."""
        (self._fed / "enough").touch()

    @property
    def is_fed(self) -> bool:
        """Whether the feed and the operators came to their end."""
        return all(not one.is_running and one.exits[-1:] == [0] for one in self._feeding)

    @property
    def _feeding(self) -> list[Process]:
        return [one for one in (self.feed, self._operators) if one is not None]

    @property
    def seen(self) -> list[Seen]:
        """Return what operators were told of consents."""
        return read_seen(self._fed)

    @property
    def fed(self) -> Fed:
        """Return how much was pushed."""
        return read_fed(self._fed)

    @property
    def fed_last(self) -> str:
        """Return what the feed logged last."""
        return (self.feed.said().splitlines() or ["nothing"])[-1] if self.feed is not None else "it does not run"

    @property
    def _fed(self) -> Path:
        return self.home / "feed"

    def tend(self) -> None:
        """Start what ended and is wanted, as a supervisor would."""
        for worker in self.workers:
            worker.tend()
        for process in self._feeding:
            if (self._fed / "enough").exists() and not process.is_running and process.wanted:
                process.stop()
            process.tend()

    def running(self) -> list[Process]:
        """Return the workers that are meant to run."""
        return [worker for worker in self.workers if worker.wanted]

    def store_of(self, worker: Process) -> Path:
        """Return the folder of a worker's stores."""
        return self.home / "streams" / worker.name

    def stop_file(self, worker: Process) -> Path:
        """Return the file that has a worker stop itself in its next commit."""
        return self.home / "run" / f"{worker.name}.stop"

    def readiness(self, worker: Process) -> tuple[str, str]:
        """Return what a worker says of itself: state and reason; ("silent", "") when it says nothing."""
        try:
            try:
                answer = urllib.request.urlopen(f"http://127.0.0.1:{self._port(worker)}/readyz", timeout=3)
            except urllib.error.HTTPError as refused:
                answer = refused
            with answer:
                told = json.load(answer)
        except (OSError, ValueError, http.client.HTTPException):
            # A worker that is killed while it answers has sent the head alone.
            return "silent", ""
        return told["state"], told["reason"]

    def sinks(self) -> dict[str, int]:
        """Return the pids of the sinks that run."""
        found = hub.stack.status(self.settings).processes
        return {p.name: p.pid for p in found if p.name.startswith("sink-") and p.pid is not None}

    def restarts(self, name: str) -> int:
        """Return how often the supervisor started a process again."""
        return next(p.restarts for p in hub.stack.status(self.settings).processes if p.name == name)

    def supervised(self, name: str) -> int | None:
        """Return the pid of a supervised process; None while it does not run or is not ours."""
        return next((p.pid for p in hub.stack.status(self.settings).processes if p.name == name), None)

    def proof(self) -> dict[str, Any]:
        """Wait until nothing is on its way and return the reconciliation."""
        return self._found("reconcile", "--wait", str(_SETTLED_WITHIN_S), "--json")

    def verification(self) -> dict[str, Any]:
        """Return what ``verify-state`` finds in all states: they are computed again by plain definitions."""
        return self._found("verify-state", "--all", "--json")

    def chains(self) -> dict[str, Any]:
        """Return what ``audit verify`` finds in the chains of what was released, asked and signed."""
        return self._found("audit", "verify", "--json")

    def consents(self) -> dict[str, Any]:
        """Return what ``consent verify`` finds in the signatures of all consents, and in their order."""
        return self._found("consent", "verify", "--topic", "--json")

    def _found(self, *command: str) -> dict[str, Any]:
        """Return what a command says that exits with 1 when it finds something."""
        process = self._run.start(*command)
        out, _ = process.communicate()
        told = (self.home / "command.err").read_text("utf-8")
        if not out.startswith("{"):
            raise RuntimeError(f"{command[0]} ended with {process.returncode}: {told[-2000:]}")
        found: dict[str, Any] = json.loads(out)
        return found

    def hashes(self) -> dict[str, Any]:
        """Return the hash of all states, with every subject's."""
        found: dict[str, Any] = json.loads(self._run.command("state-hash", "--by-subject", "--json", "--allow-pending"))
        return found

    def merged_hashes(self) -> dict[str, Any]:
        """Wait until everything is merged and return the hashes. Raises NotInTime."""
        found: dict[str, Any] = {}

        def is_merged() -> bool:
            found.update(self.hashes())
            return not found["pending"]

        until(is_merged, "the merge of everything", _SETTLED_WITHIN_S, self.tend)
        return found

    def push(self, folder: Path) -> None:
        """Push a folder, to the end."""
        self._run.push(folder)

    def stop_workers(self) -> None:
        """Stop workers, feed and operators."""
        for process in (*self.workers, *self._feeding):
            process.stop()

    def close(self, *, purge: bool = False) -> None:
        """Stop everything; ``purge`` deletes the home."""
        self.stop_workers()
        self._given.close()
        hub.stack.stop(self.settings, purge=purge)

    def _worker(self, number: int, broken: str | None) -> Process:
        name = f"worker-{number}"
        command = (
            sys.executable, "-m", "tests.chaos.worker", "worker", "--index", str(number),
            "--metrics-port", str(self._ports[number]),
        )  # fmt: skip
        own = {
            "CHAOS_STOP_FILE": str(self.home / "run" / f"{name}.stop"),
            **({"CHAOS_BREAK": broken} if broken else {}),
        }
        return Process(name, command, self.home / "logs" / f"{name}.log", {**self._environment, **own})

    def _port(self, worker: Process) -> int:
        return self._ports[int(worker.name.rpartition("-")[2])]


def beside(settings: Settings, name: str, home: Path | None = None) -> Settings:
    """Return the settings of another hub on the same services, with topics and a database of its own."""
    found = endpoints(settings)
    dsn = superuser_dsn(settings)
    execute(dsn, f'drop database if exists "{name}" with (force)', f'create database "{name}"')
    return exact_settings(
        home=home or settings.home / name,
        cache=settings.stack.cache,
        key_file=settings.keys,
        kafka_bootstrap=found.bootstrap,
        kafka_access=own_access(settings.kafka.client_file(settings.home, ADMIN), settings.home / f"access-{name}"),
        registry_url=found.registry_url,
        upstream_url=found.upstream_url,
        postgres_dsn=f"{dsn.rpartition('/')[0]}/{name}",
        topic_prefix=f"{name}.",
        partitions=settings.bus.partitions,
        replication=settings.bus.replication,
        workers=0,
    )
