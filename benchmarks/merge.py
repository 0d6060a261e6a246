"""Merging beside the peers: the hub's own worker, loops without a framework, and other frameworks at the same job.

Every contender reads the same topic of tax payments (``benchmarks.merge_input``) and publishes the same states and
changes (``benchmarks.peers.job``); its final states and winning records are compared with the others'. Each is one
process with one processing thread. Time runs from its first record until all is flushed and committed, processor time
likewise. The hub's worker does more than it is asked here: it is exactly-once, keeps the calendar and numbers the
changes; the peers deliver at least once, which is their default.
"""

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from benchmarks.measured import Result, run
from benchmarks.peers import environment, hub_worker
from benchmarks.peers.job import CHANGE, STATE, peak_mb
from benchmarks.prepared import ROOT, delete_topics, environment_of, prepared
from benchmarks.push import ITEM
from bus import clients, topics
from bus.access import at, client_settings
from bus.avro.decoding import Decoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.reading.scan import scan
from bus.reading.topic_reader import TopicReader
from bus.users import ADMIN
from catalogue import avro
from catalogue.load import load_catalogue
from catalogue.months import last_day, month_of
from hub.settings import Settings, bus_config
from rules.indicators.closing import load_closings
from rules.indicators.definitions import load_indicators

HUB = "credithub worker"
_PATIENCE_S = 900.0
_OUTCOMES = ("merged", "duplicate", "superseded", "rejected")


@dataclass(frozen=True, slots=True)
class Run:
    """One contender's run: what it cost, and what it was."""

    result: Result
    version: str
    settings: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a contender came to; equal for equal final states and winning records."""

    subjects: int
    states: str
    records: int
    winners: str


@dataclass(frozen=True, slots=True)
class Round:
    """The prepared and filled topics of one round."""

    number: int
    settings: Settings
    config: BusConfig
    events: int
    as_of: date


@dataclass(frozen=True, slots=True)
class Peer:
    """A contender that is told its job; ``command`` comes before the job's file."""

    name: str
    command: Callable[[Settings], Sequence[str]]
    more: tuple[str, ...] = ()
    # Bytewax keeps its positions in a store of its own.
    commits: bool = True


def _project(module: str) -> Callable[[Settings], Sequence[str]]:
    return lambda _: (sys.executable, "-m", f"benchmarks.peers.{module}")


def _installed(module: str) -> Callable[[Settings], Sequence[str]]:
    return lambda settings: (str(environment.python(settings)), "-m", f"benchmarks.peers.{module}")


PEERS = (
    Peer("bare loop, dict", _project("bare"), ("dict",)),
    Peer("bare loop, RocksDB", _project("bare"), ("rocksdict",)),
    Peer("Quix Streams", _installed("quix")),
    Peer("Faust, plain", _project("faust_plain")),
    Peer("Kafka Streams", environment.kafka_streams),
    Peer("Bytewax", _installed("bytewax_"), commits=False),
)


# With as many workers, or threads, as there are cores.
TWO_WORKERS = "credithub, two workers"
TWO_THREADS = Peer("Kafka Streams, two threads", environment.kafka_streams, ("2",))


def pairs(settings: Settings, events: int, rounds: int, say: Callable[[str], None]) -> Iterator[Run]:
    """Yield one and two workers of the hub's, and Kafka Streams with one and two threads, of each round."""
    streams = next(peer for peer in PEERS if peer.name == "Kafka Streams")
    streams.command(settings)
    for number in range(1, rounds + 1):
        for workers, peer in ((1, streams), (2, TWO_THREADS)):
            this = _filled(settings, 2 * (rounds + number) + workers, events)
            say(f"round {number} of {rounds}: {TWO_WORKERS if workers == 2 else HUB}")
            done, ours = _hub(this, workers)
            yield done
            say(f"round {number} of {rounds}: {peer.name}")
            done, theirs = _peer(this, peer)
            yield done
            if ours != theirs:
                raise RuntimeError(f"{peer.name} came to {theirs}, {workers} workers to {ours}")
            delete_topics(this.config)


def race(settings: Settings, events: int, rounds: int, say: Callable[[str], None]) -> Iterator[Run]:
    """Yield each contender's run of each round; raises RuntimeError when one comes to another result."""
    for needing in PEERS:
        # What it needs is brought before anything is measured.
        needing.command(settings)
    for number in range(1, rounds + 1):
        say(f"round {number} of {rounds}: filling a topic with {events:,} events")
        this = _filled(settings, number, events)
        contenders: list[Peer | None] = [None, *PEERS]
        expected: Outcome | None = None
        for peer in contenders if number % 2 else contenders[::-1]:
            say(f"round {number} of {rounds}: {peer.name if peer else HUB}")
            done, outcome = _peer(this, peer) if peer else _hub(this)
            if expected is not None and outcome != expected:
                raise RuntimeError(f"{done.result.contender} came to {outcome}, the one before to {expected}")
            expected = outcome
            yield done
        delete_topics(this.config)


def _filled(settings: Settings, number: int, events: int) -> Round:
    own = prepared(settings, f"merge{number}.")
    run((sys.executable, "-m", "benchmarks.merge_input", str(events)), environment_of(own), own.home)
    config = bus_config(own, ADMIN)
    with closing(Registry(config)) as registry:
        decode = Decoder(registry)
        as_of = max(decode(message.value())["date"] for message in scan(config, topics.CALENDAR))
    return Round(number, own, config, events, as_of)


def _peer(this: Round, peer: Peer) -> tuple[Run, Outcome]:
    name = "".join(letter if letter.isalnum() else "-" for letter in peer.name)
    folder = this.settings.home / name
    folder.mkdir()
    job = _job(this, name)
    file = folder / "job.json"
    file.write_text(json.dumps(job), "utf-8")
    run(
        (*peer.command(this.settings), str(file), *peer.more),
        {"PYTHONPATH": str(ROOT)},
        folder,
        patience_s=_PATIENCE_S,
    )
    told = json.loads((folder / "result.json").read_text("utf-8"))
    if peer.commits:
        _check_committed(this, job["name"])
    result = _result(peer.name, this, told)
    return Run(result, told["version"], told["settings"]), _peer_outcome(this, job)


def _job(this: Round, name: str) -> dict[str, Any]:
    config, item = this.config, load_catalogue().item(ITEM)
    source, states, changes = avro.topic(item.category), f"{name}.state", f"{name}.change"
    keep, compact = {"retention.ms": "-1"}, {"cleanup.policy": "compact"}
    topics.ensure_topics(config, [topics.TopicSpec(states, compact), topics.TopicSpec(changes, keep)])
    schema, closed = avro.event_schema(item), load_closings()["monthly"].closed(this.as_of)
    with closing(Registry(config)) as registry:
        ids = {name: registry.register(name, schema) for name, schema in ((states, STATE), (changes, CHANGE))}
        return {
            "client": at(config.bootstrap, client_settings(Path(config.client_file))),
            "name": config.topic(name),
            "events": this.events,
            "partitions": config.partitions,
            "source": config.topic(source),
            "states": config.topic(states),
            "changes": config.topic(changes),
            "as_of": this.as_of.isoformat(),
            "windows_end": _end_of(closed).isoformat(),
            "window_3m": _end_of(closed - 3).isoformat(),
            "window_12m": _end_of(closed - 12).isoformat(),
            "schemas": {registry.register(source, schema): schema, ids[states]: STATE, ids[changes]: CHANGE},
            "state_id": ids[states],
            "change_id": ids[changes],
        }


def _end_of(month: int) -> date:
    return last_day(*month_of(month))


def _hub(this: Round, workers: int = 1) -> tuple[Run, Outcome]:
    folders = [this.settings.home / f"hub-{index}" for index in range(workers)]
    running = [_started(this, index, folder) for index, folder in enumerate(folders)]
    try:
        wait_for_positions(
            this.config, this.events, lambda: all(worker.poll() is None for worker in running), _PATIENCE_S
        )
        ended = time.monotonic()
        cpu = [psutil.Process(worker.pid).cpu_times() for worker in running]
        peak = max(peak_mb(worker.pid) for worker in running)
    finally:
        for worker in running:
            worker.terminate()
            worker.wait(60)
    firsts = [json.loads((folder / hub_worker.FIRST).read_text("utf-8")) for folder in folders]
    used = {
        "wall_s": ended - min(first["at"] for first in firsts),
        "cpu_s": sum(one.user + one.system - first["cpu_s"] for one, first in zip(cpu, firsts, strict=True)),
        "peak_mb": peak,
    }
    settings = "as it is delivered: one transaction a batch, RocksDB, changelogs, positions with outcome counts"
    name = HUB if workers == 1 else TWO_WORKERS
    return Run(_result(name, this, used), f"credithub {version('credithub')}", settings), _hub_outcome(this)


def _started(this: Round, index: int, folder: Path) -> "subprocess.Popen[bytes]":
    return start_worker(this.settings, folder, index)


def start_worker(settings: Settings, folder: Path, index: int = 0, **more: str) -> "subprocess.Popen[bytes]":
    """Start a worker of the hub's that notes in ``folder`` when it takes its first batch; ``more``: environment."""
    folder.mkdir()
    command = (sys.executable, "-P", "-m", hub_worker.__name__, str(folder), "worker", "--index", str(index))
    environment = {**os.environ, **environment_of(settings), **more}
    with (folder / "worker.log").open("wb") as log:
        return subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log)


def wait_for_positions(
    config: BusConfig,
    events: int,
    alive: Callable[[], bool],
    patience_s: float,
    *,
    positions: str = topics.POSITION,
    counts: Callable[[str], bool] = lambda topic: topic != topics.CALENDAR,
) -> None:
    """Wait until the workers' committed positions have passed so many events, whatever became of them.

    ``positions``: their topic; ``counts`` says of which inputs.
    """
    consumer = clients.consumer(config, "benchmark-watch")
    deadline = time.monotonic() + patience_s
    passed: dict[tuple[str, int], int] = {}
    with closing(Registry(config)) as registry, closing(consumer):
        decode = Decoder(registry)
        consumer.subscribe([config.topic(positions)])
        while sum(passed.values()) < events:
            if time.monotonic() > deadline or not alive():
                raise RuntimeError(f"the worker passed {sum(passed.values())} of {events} events")
            for message in consumer.consume(500, 0.2):
                if message.error() is None:
                    position = decode(message.value())
                    if counts(position["topic"]):
                        key = position["topic"], position["partition"]
                        passed[key] = sum(position[outcome] for outcome in _OUTCOMES)


def _result(name: str, this: Round, used: Mapping[str, float]) -> Result:
    per_s, cpu_us = this.events / used["wall_s"], used["cpu_s"] / this.events * 1e6
    return Result(name, this.number, this.events, per_s, cpu_us, used["peak_mb"])


def _check_committed(this: Round, group: str) -> None:
    reader = TopicReader(this.config)
    source = reader.partitions((avro.topic(load_catalogue().item(ITEM).category),))
    committed = sum(reader.committed(this.config.name_of(group), source).values())
    if committed != this.events:
        raise RuntimeError(f"{group} committed {committed} of {this.events} events")


def _peer_outcome(this: Round, job: Mapping[str, Any]) -> Outcome:
    states: dict[str, Mapping[str, Any]] = {}
    winners: dict[str, str] = {}
    with closing(Registry(this.config)) as registry:
        decode = Decoder(registry)
        for message in scan(this.config, this.config.name_of(job["states"])):
            state = decode(message.value())
            states[state["subject"]] = state
        for message in scan(this.config, this.config.name_of(job["changes"])):
            change = decode(message.value())
            envelope, *_ = decode.envelope(change["current"])
            winners[f"{change['subject']}\0{change['record_key']}"] = repr(envelope.version)
    return _outcome(states, winners, sum(state["records"] for state in states.values()))


def _hub_outcome(this: Round) -> Outcome:
    states: dict[str, dict[str, Any]] = {}
    winners: dict[str, str] = {}
    with closing(Registry(this.config)) as registry:
        decode = Decoder(registry)
        for message in scan(this.config, topics.STATE):
            state = decode(message.value())
            states[state["subject"]] = {**state, "indicators": {}}
        for message in scan(this.config, topics.INDICATOR):
            values = decode(message.value())
            states[values["subject"]]["indicators"].update(values["indicators"])
        for message in scan(this.config, topics.RECORD):
            envelope, *_ = decode.envelope(message.value())
            winners[f"{envelope.subject}\0{envelope.record_key}"] = repr(envelope.version)
    return _outcome(states, winners, sum(state["counts"][ITEM] for state in states.values()))


def _outcome(states: Mapping[str, Mapping[str, Any]], winners: Mapping[str, str], records: int) -> Outcome:
    if records != len(winners):
        raise RuntimeError(f"the states count {records} records, of which {len(winners)} were published")
    names = [i.id for i in load_indicators() if i.group == ITEM]
    values = (f"{s} {[str(state['indicators'][n]) for n in names]}" for s, state in states.items())
    return Outcome(len(states), _digest(values), records, _digest(f"{k} {v}" for k, v in winners.items()))


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()[:16]
