"""Real worker processes on topics of their own, events for all partition numbers, and what the workers say."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from bus import topics
from bus.avro.registry import Registry
from bus.business_date import publish_business_date
from bus.config import BusConfig
from bus.users import ADMIN
from catalogue.avro import topic
from catalogue.load import load_catalogue
from hub.processes import CREDITHUB
from hub.settings import Settings, bus_config, changed_settings, exact_settings, settings_environment
from tests import kafka
from tests.builders.events import event_encoder, event_value
from tests.ports import free_port

PENALTIES, LICENCES = topic("administration"), topic("qualification")
DAY = datetime(2026, 6, 30, tzinfo=UTC)


@dataclass(slots=True)
class Worker:
    """One ``credithub worker`` process."""

    process: "subprocess.Popen[bytes]"
    port: int
    log: Path

    def ready(self) -> tuple[int, dict[str, str]]:
        """Return the status and the answer of ``/readyz``; (0, {}) while nobody listens."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, json.load(refused)
        except OSError:
            return 0, {}

    def state(self) -> str:
        """Return alive, recovering, stale or current; "" while nobody listens."""
        return self.ready()[1].get("state", "")

    def said(self) -> str:
        """Return its log."""
        return self.log.read_text("utf-8")

    def metric(self, line: str) -> float:
        """Return a metric's value by the beginning of its line."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        return sum(float(one.rsplit(" ", 1)[1]) for one in lines if one.startswith(line))


@dataclass(slots=True)
class Site:
    """A topic prefix of one test, prepared, with workers."""

    settings: Settings
    workers: list[Worker] = field(default_factory=list)

    @property
    def config(self) -> BusConfig:
        """Return where its topics are."""
        return bus_config(self.settings, ADMIN)

    def prepare(self) -> None:
        """Create the topics and the keys, and say the day."""
        from bus.crypto.keys import create_key_file

        create_key_file(self.settings.keys)
        topics.ensure_topics(self.config, topics.topic_specs(load_catalogue()))
        publish_business_date(self.config, DAY.date())

    def start(self, index: int, *, program: str | None = None, **settings: Any) -> Worker:
        """Start a worker; ``program``: Python that runs in its place, with the same arguments."""
        port, log = free_port(), self.settings.home / f"worker-{index}-{len(self.workers)}.log"
        command = CREDITHUB if program is None else (sys.executable, "-P", "-c", program)
        with log.open("wb") as out:
            process = subprocess.Popen(
                (*command, "worker", "--index", str(index), "--metrics-port", str(port)),
                env={**os.environ, **settings_environment(changed_settings(self.settings, **settings))},
                cwd=self.settings.home,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        self.workers.append(Worker(process, port, log))
        return self.workers[-1]

    def send(self, first: int, count: int, *, item: str = "administration.penalty") -> None:
        """Send events of 40 subjects, numbered from ``first`` on, and wait until the broker has them."""
        with closing(Registry(self.config)) as registry:
            encode = event_encoder(registry, item)
        events = [_event(number, item) for number in range(first, first + count)]
        name = topic(load_catalogue().item(item).category)
        kafka.send(self.config, name, ((event["subject"], encode(event)) for event in events))

    def merged(self, name: str = PENALTIES) -> int:
        """Return how many events of a topic all positions together have passed, whatever became of them."""
        outcomes = ("merged", "duplicate", "superseded", "rejected")
        latest = {p["partition"]: p for p in kafka.values(self.config, topics.POSITION) if p["topic"] == name}
        return sum(position[outcome] for position in latest.values() for outcome in outcomes)

    def check_sequences(self) -> int:
        """Check that every subject's changes are numbered 1 … n, and return how many changes there are."""
        sequences: dict[str, list[int]] = {}
        for change in kafka.values(self.config, topics.CHANGE):
            sequences.setdefault(change["subject"], []).append(change["sequence"])
        assert sequences
        for found in sequences.values():
            assert found == list(range(1, len(found) + 1))
        return sum(map(len, sequences.values()))

    def close(self) -> None:
        """Kill the workers and delete the topics."""
        for worker in self.workers:
            worker.process.kill()
            worker.process.wait()
        kafka.delete_topics(self.config)


def _event(number: int, item: str) -> dict[str, Any]:
    return event_value(
        {"fine_amount": Decimal(number)} if item.endswith("penalty") else {},
        event_id=f"s:{number:06d}",
        item=item,
        record_key=f"样例{number % 100}",
        source_time=DAY - timedelta(days=number % 7),
        revision=number // 700,
        content_hash=f"{number:032x}",
        row=number,
        subject=f"9163010200000{number % 40:05d}",
        subject_name=None,
    )


def site(shared: Settings, prefix: str, folder: Path, **more: Any) -> Site:
    """Return a site on shared services."""
    from hub.settings import endpoints

    addresses = endpoints(shared)
    own = Site(
        exact_settings(
            home=folder, kafka_bootstrap=addresses.bootstrap,
            kafka_access=shared.kafka.client_file(shared.home, ADMIN), registry_url=addresses.registry_url,
            postgres_dsn=addresses.postgres_dsn, upstream_url=addresses.upstream_url, topic_prefix=prefix, **more,
        )
    )  # fmt: skip
    own.prepare()
    return own


def partitions_of(workers: list[Worker]) -> Iterator[int]:
    """Yield how many partition numbers each worker keeps a copy of."""
    for worker in workers:
        yield int(worker.metric("credithub_standby_partitions{"))
