"""A processor of each case, on topics of its own."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pytest

from bus import topics
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.reading.scan import scan
from catalogue.load import load_catalogue
from processing.output import InputMessage
from processing.partition import RestoredPartition, Runtime, fence
from tests import kafka
from tests.integration.processing.cases import CASES, Case
from tests.integration.processing.worker import CIPHER
from tests.integration.streams.workers import Worker
from tests.ports import free_port
from tests.services import Services

ROOT = Path(__file__).parents[3]


@dataclass(slots=True)
class Bench:
    """A case on its own topics, of two partitions, with workers of this process and of others."""

    name: str
    case: Case
    config: BusConfig
    folder: Path
    workers: list[Worker] = field(default_factory=list)

    def prepare(self) -> None:
        """Create the topics."""
        rejected = [spec for spec in topics.topic_specs(load_catalogue()) if spec.name == topics.REJECTED]
        topics.ensure_topics(self.config, [*self.case.specs, *rejected])

    @contextmanager
    def runtime(self, store: str = "own", on_progress: Callable[[], None] = lambda: None) -> Iterator[Runtime]:
        """Return what the partitions of a worker share that keeps its stores in the folder ``store``."""
        with closing(Registry(self.config)) as registry:
            processor = self.case.processor(self.config, registry)
            yield Runtime(self.config, processor, registry, CIPHER, self.folder / store, on_progress)

    @contextmanager
    def owned(self, store: str = "own", on_progress: Callable[[], None] = lambda: None) -> Iterator[RestoredPartition]:
        """Own partition 0."""
        with self.runtime(store, on_progress) as runtime, closing(fence(runtime, 0).restore()) as partition:
            yield partition

    def messages(self, first: int, count: int) -> list[InputMessage]:
        """Return events as they come from partition 0, which has no other."""
        return [InputMessage(n, value, key) for n in range(first, first + count) for key, value in [self.case.event(n)]]

    def send(self, first: int, count: int) -> None:
        """Send events, numbered from ``first`` on, and wait until the broker has them."""
        kafka.send(self.config, self.case.topic, (self.case.event(number) for number in range(first, first + count)))

    def start(self, index: int) -> Worker:
        """Start a worker process."""
        port, log = free_port(), self.folder / f"worker-{index}-{len(self.workers)}.log"
        said = {
            "case": self.name, "bus": asdict(self.config), "folder": str(self.folder / f"worker-{index}"),
            "instance": f"worker-{index}", "port": port,
        }  # fmt: skip
        command = (sys.executable, "-m", "tests.integration.processing.worker", json.dumps(said))
        with log.open("wb") as out:
            process = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT)
        self.workers.append(Worker(process, port, log))
        return self.workers[-1]

    def processed(self) -> int:
        """Return how many events the positions of all partitions have passed."""
        from bus.avro.decoding import Decoder

        with closing(Registry(self.config)) as registry, self.runtime() as runtime:
            decode, last = Decoder(registry), dict[int, int]()
            for message in scan(self.config, runtime.processor.positions):
                position = decode(message.value())
                last[position["partition"]] = position["merged"]
        return sum(last.values())

    def close(self) -> None:
        """Kill the workers and delete the topics."""
        for worker in self.workers:
            worker.process.kill()
            worker.process.wait()
        kafka.delete_topics(self.config)


@pytest.fixture(params=CASES)
def bench(request: pytest.FixtureRequest, stack: Services, topic_prefix: str, tmp_path: Path) -> Iterator[Bench]:
    """Return a case on topics of its own."""
    config = stack.bus(topic_prefix, partitions=2)
    made = Bench(request.param, CASES[request.param], config, tmp_path)
    made.prepare()
    try:
        yield made
    finally:
        made.close()
