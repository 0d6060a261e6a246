"""``python -m benchmarks.rating``: how many enterprises a second the rating takes, end to end on the real broker.

Each enterprise has the values of six in ten groups of indicators. Timed are, in one process and by its processor time,
the first values of everybody; one group of each that changes; and another model, by which everybody is rated anew. That
is reading, rating by all shipped models, encoding, publishing in transactions, storing. What the broker does takes
place beside it, on the same machine.
"""

import json
import random
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from typing import Annotated

import typer
from rich.console import Console

import hub.stack
from benchmarks.measured import discard, machine, own_settings
from benchmarks.prepared import delete_topics, prepared
from bus import topics
from bus.avro import writer
from bus.avro.encoding import Encoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.crypto.cipher import Cipher
from bus.crypto.keys import load_key_file
from bus.reading.scan import scan
from bus.users import ADMIN
from catalogue import wire
from hub.settings import Settings, bus_config
from processing.output import InputMessage
from processing.partition import RestoredPartition, Runtime, fence
from rules.indicators.definitions import load_indicators
from rules.rating.loading import load_models
from rules.rating.schedule import Role
from streams.merge.encoding import encode_values
from streams.merge.state import SubjectState
from streams.merge.update import ValuesUpdate
from streams.rating.processor import RatingProcessor
from streams.rating.recording import publish_model

_BATCH = 8000
# Of the groups of indicators that there are an enterprise has so many, of its values so many are unknown, and of what
# counts against it so many are there.
_SHARE_OF_GROUPS, _UNKNOWN, _BAD = 0.6, 0.2, 0.05
_SEED = 7

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@dataclass(frozen=True, slots=True)
class RatingRate:
    """What one step took; ``ratings`` were published in it, by ``models`` models."""

    step: str
    enterprises: int
    models: int
    ratings: int
    wall_s: float
    cpu_s: float

    @property
    def a_second(self) -> float:
        """Enterprises a second of one core."""
        return self.enterprises / self.cpu_s


@app.command()
def main(
    enterprises: Annotated[int, typer.Option(min=100, help="How many enterprises one process rates.")] = 50_000,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Measure the rating, on an embedded stack of its own."""
    console, settings = Console(soft_wrap=True), own_settings()
    where = machine()
    try:
        hub.stack.start(settings, services_only=True, timeout_s=1200)
        for one in measure(settings, enterprises):
            if as_json:
                typer.echo(json.dumps(asdict(one) | {"a_second": one.a_second, "machine": where}))
                continue
            text = (
                f"{one.step}: {one.enterprises:,} enterprises by {one.models} models, {one.ratings:,} ratings,"
                f" {one.wall_s:.1f} s, {one.cpu_s:.1f} s of a core: {one.a_second:,.0f} enterprises/s a core;"
                f" a million on two cores {1_000_000 / one.a_second / 2:,.0f} s"
            )
            console.print(text, highlight=False)
        console.print(f"Measured on {where}.", highlight=False)
    finally:
        discard(settings)


def measure(settings: Settings, enterprises: int) -> Iterator[RatingRate]:
    """Yield each step."""
    own = prepared(settings, "rating.", partitions=1)
    config = bus_config(own, ADMIN)
    cipher = Cipher(load_key_file(own.keys))
    with closing(Registry(config)) as registry:
        told = _Told(registry, enterprises)
        runtime = Runtime(config, RatingProcessor(config, registry), registry, cipher, own.home / "ratings")
        with closing(fence(runtime, 0).restore()) as partition:
            partition.process(
                {name: _unread(config, partition, name) for name in (topics.CALENDAR, topics.RATING_MODEL)}
            )
            yield _timed("the first values of everybody", config, partition, told.all_groups(), enterprises)
            yield _timed("one group of each changes", config, partition, told.one_group(), enterprises)
            ruling = next(one for one in load_models().values() if one.first.role is Role.RULING)
            model = replace(ruling.model, thresholds={"优": 910, "良": 810, "中": 660})
            publish_model(config, "benchmark", model, Role.RULING, date(2026, 1, 2), ("甲", "乙"))
            another = {topics.RATING_MODEL: _unread(config, partition, topics.RATING_MODEL)}
            yield _timed("another model rules", config, partition, [another], enterprises)
    delete_topics(config)


def _timed(
    step: str,
    config: BusConfig,
    partition: RestoredPartition,
    batches: Iterable[dict[str, list[InputMessage]]],
    enterprises: int,
) -> RatingRate:
    before, wall_s, cpu_s = _published(config), 0.0, 0.0
    for batch in batches:
        began_s, began_cpu_s = time.monotonic(), time.process_time()
        partition.process(batch)
        wall_s, cpu_s = wall_s + time.monotonic() - began_s, cpu_s + time.process_time() - began_cpu_s
    return RatingRate(step, enterprises, len(load_models()), _published(config) - before, wall_s, cpu_s)


def _published(config: BusConfig) -> int:
    return sum(1 for _ in scan(config, topics.RATING_CHANGE))


def _unread(config: BusConfig, partition: RestoredPartition, name: str) -> list[InputMessage]:
    every = scan(config, name, start=partition.next_offsets().get(name, 0))
    return [InputMessage(message.offset() or 0, message.value(), message.key()) for message in every]


class _Told:
    """Values of fictitious enterprises, as the merge tells them; they are handed over, and lie in no topic."""

    def __init__(self, registry: Registry, enterprises: int) -> None:
        self._wrap = Encoder(registry, topics.INDICATOR, wire.INDICATOR_VALUES).wrap
        self._subjects = [f"91630102{number:010}" for number in range(enterprises)]
        self._groups: dict[str, list[tuple[str, bool]]] = {}
        for one in load_indicators():
            self._groups.setdefault(one.group, []).append((one.id, one.direction == "down"))
        self._random, self._offset = random.Random(_SEED), 0
        self._state, self._now = SubjectState(as_of=date(2026, 7, 1)), writer.timestamp(datetime.now(UTC))

    def all_groups(self) -> Iterator[dict[str, list[InputMessage]]]:
        """Yield the groups of everybody, one enterprise after the other."""
        yield from self._batches(
            (subject, group)
            for subject in self._subjects
            for group in self._groups
            if self._random.random() < _SHARE_OF_GROUPS
        )

    def one_group(self) -> Iterator[dict[str, list[InputMessage]]]:
        """Yield one group of each enterprise."""
        names = [*self._groups]
        yield from self._batches((subject, self._random.choice(names)) for subject in self._subjects)

    def _batches(self, told: Iterable[tuple[str, str]]) -> Iterator[dict[str, list[InputMessage]]]:
        batch: list[InputMessage] = []
        for subject, group in told:
            batch.append(InputMessage(self._offset, self._message(subject, group)))
            self._offset += 1
            if len(batch) == _BATCH:
                yield {topics.INDICATOR: batch}
                batch = []
        if batch:
            yield {topics.INDICATOR: batch}

    def _message(self, subject: str, group: str) -> bytes:
        values = {name: self._value(is_bad) for name, is_bad in self._groups[group]}
        return self._wrap(encode_values(subject, ValuesUpdate(group, values), self._state, self._now))

    def _value(self, is_bad: bool) -> int | None:
        drawn = self._random
        if drawn.random() < _UNKNOWN:
            return None
        if is_bad and drawn.random() > _BAD:
            return 0
        return drawn.choice((0, 1, 2, 50_000, 3_000_000)) * 1_000_000


if __name__ == "__main__":
    app()
