"""What goes wrong: each cause does to a running hub what its alert is about, and takes it back when its block ends."""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg2

import hub.stack
from bus import clients
from bus.users import ADMIN
from catalogue.avro import topic as catalogue_topic
from catalogue.load import load_catalogue
from hub.processes import CREDITHUB, child_environment
from hub.settings import Settings, bus_config
from hub.stack.layout import HomeLayout
from hub.stack.status import ProcessStatus, StackStatus
from tests.databases import superuser_dsn
from tests.waiting import until

REGISTRAR = "市市场监管局"
"""A unit whose records every receiver gets."""
# A supervisor waits longer before each restart of what dies again and again.
_BACK_WITHIN_S = 90.0
_COMMAND_S = 240
START_S = 600.0
"""For how long a hub may start without any progress: a busy machine takes minutes to load the programs."""


@dataclass(frozen=True, slots=True)
class Site:
    """A running hub, and a folder for what is made for it."""

    settings: Settings
    folder: Path

    def pid(self, process: str) -> int | None:
        """Return the process's pid while it runs."""
        return next((row.pid for row in self.status().processes if row.name == process), None)

    def process(self, name: str) -> ProcessStatus:
        """Return what is known of one process."""
        return next(row for row in self.status().processes if row.name == name)

    def status(self) -> StackStatus:
        """Return what `credithub status` shows of the processes."""
        return hub.stack.status(self.settings)

    def push(self, *, seed: int, enterprises: int = 10, dirty: float = 0.0, unit: str | None = None) -> None:
        """Push the files of a fictitious city of its own, or of one unit in it, which takes a tenth of the time."""
        city = self.folder / f"city-{seed}"
        self.run("sample", str(city), "--enterprises", str(enterprises), "--seed", str(seed), "--dirty", str(dirty))
        for folder in city.iterdir():
            if unit is not None and folder.is_dir() and folder.name != unit:
                shutil.rmtree(folder)
        self.run("push-dir", str(city), exit_codes=(0, 1))

    def run(self, *arguments: str, exit_codes: tuple[int, ...] = (0,)) -> str:
        """Run a command of the hub; return what it prints."""
        done = self.attempt(*arguments)
        assert done.returncode in exit_codes, f"{arguments}: {done.stdout[-2000:]} {done.stderr[-2000:]}"
        return done.stdout

    def attempt(self, *arguments: str, timeout_s: float = _COMMAND_S) -> subprocess.CompletedProcess[str]:
        """Run a command of the hub, which may fail. Raises TimeoutExpired, having killed it."""
        command, environment = (*CREDITHUB, *arguments), child_environment(self.settings)
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=timeout_s)


@contextmanager
def frozen(site: Site, process: str) -> Iterator[None]:
    """A process hangs: it neither answers nor ends."""
    pid = site.pid(process)
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        # A supervisor may have ended it for that.
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def killed(site: Site, process: str, *, after: int | None = None) -> int:
    """Kill a process once it runs under another pid than ``after``; return its pid."""

    def other() -> int | None:
        pid = site.pid(process)
        return pid if pid != after else None

    pid = until(other, f"{process} is back", patience_s=_BACK_WITHIN_S)
    os.kill(pid, signal.SIGKILL)
    return pid


@contextmanager
def locked_table(site: Site, table: str = "credit_record") -> Iterator[None]:
    """Somebody's session holds a lock that the sink of PostgreSQL waits for."""
    connection = psycopg2.connect(superuser_dsn(site.settings))
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute(f"lock table {table} in access exclusive mode")
        yield


@contextmanager
def closed_platform(site: Site) -> Iterator[None]:
    """The platform above answers 503, and asks to be asked again in two seconds."""
    file = HomeLayout.of(site.settings).upstream / "maintenance"
    file.write_text("2", "utf-8")
    try:
        yield
    finally:
        file.unlink()


@contextmanager
def foreign_message(site: Site) -> Iterator[None]:
    """Somebody writes into a topic of the hub what is no message of the hub."""
    config = bus_config(site.settings, ADMIN)
    category = load_catalogue().items[0].category
    producer = clients.producer(config)
    producer.produce(config.topic(catalogue_topic(category)), b"not one of ours")
    assert producer.flush(30) == 0
    yield
