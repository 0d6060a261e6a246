"""What processes take that hold the consents of all enterprises in memory: the portal, and the one of the webhooks."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.job import peak_mb
from benchmarks.prepared import running
from benchmarks.release_run import PATIENCE_S
from bus import topics
from bus.reading.topic_reader import TopicReader
from bus.users import ADMIN, PORTAL
from catalogue.errors import Unavailable
from hub.settings import Settings, bus_config, changed_settings
from hub.stack.checks import http_check
from hub.stack.ports import LOOPBACK
from tests.ports import free_port
from tests.waiting import until

_LOOK_EVERY_S = 0.2


@dataclass(frozen=True, slots=True)
class Held:
    """The most memory that a process had until it was current, and how long that took from its start."""

    process: str
    consents: int
    current_s: float
    peak_mb: float


def begin(own: Settings) -> None:
    """Let the portal begin on a hub without consents: from then on it keeps up to where it followed the changes."""
    with _portal(own):
        pass


def measure(own: Settings, consents: int, say: Callable[[str], None]) -> Iterator[Held]:
    """Yield the portal and the process of the webhooks, each alone, at so many consents."""
    say(f"the portal and the process of the webhooks with {consents:,} consents")
    began = time.monotonic()
    with _portal(own) as process:
        until(lambda: _has_followed(own), "the portal follows the changes", patience_s=PATIENCE_S)
        yield Held("portal", consents, time.monotonic() - began, peak_mb(process.pid))
    began = time.monotonic()
    with _ready(own, "sink-webhooks", "sink", "webhooks") as process:
        yield Held("sink-webhooks", consents, time.monotonic() - began, peak_mb(process.pid))


@contextmanager
def _portal(own: Settings) -> Iterator["subprocess.Popen[bytes]"]:
    settings = changed_settings(own, portal_token="of the benchmarks alone")
    with _ready(settings, "portal", "portal", "--port", str(free_port())) as process:
        yield process


@contextmanager
def _ready(settings: Settings, name: str, *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a process of the hub until the end of the block, which begins when it is ready."""
    port = free_port()
    with running(settings, name, (*arguments, "--metrics-port", str(port))) as process:
        _await_ready(process, port, settings.home / f"{name}.log")
        yield process


def _await_ready(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    check, deadline = http_check(f"http://{LOOPBACK}:{port}/readyz"), time.monotonic() + PATIENCE_S
    while True:
        with suppress(Unavailable):
            check()
            return
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the process did not become ready: {log.read_text()[-2000:]}")
        time.sleep(_LOOK_EVERY_S)


def _has_followed(own: Settings) -> bool:
    """Whether the portal has followed all changes; the last offset of a partition is the end of a transaction."""
    reader = TopicReader(bus_config(own, ADMIN))
    changes = reader.partitions((topics.CHANGE,))
    reached = reader.committed(PORTAL, changes)
    return all(reached[key] >= end.high - 1 for key, end in reader.ends(changes).items())
