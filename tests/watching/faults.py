"""What an operator meets one night: each fault is planted in a running hub, and taken back when its block ends."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from threading import Event

import psutil
import psycopg2

import hub.stack
from hub.stack.ports import port_of
from tests.databases import superuser_dsn
from tests.watching.causes import START_S, Site, closed_platform, foreign_message, frozen, locked_table
from tests.watching.meanwhile import meanwhile
from tests.watching.staged import filled_disk

_LOOK_S = 0.1
# Less than what DiskFull asks for, and more than what makes services stop.
_LEFT_BYTES = 500_000_000
_BAD_ENTERPRISES = 400


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: what is wrong, in the words of the answer, and how it is planted."""

    answer: str
    plant: Callable[[Site], AbstractContextManager[None]]


@contextmanager
def killed_without_end(site: Site, process: str, *, lives_s: float = 0.0) -> Iterator[None]:
    """A process is killed as soon as it answers, and lived for so many seconds, as often as it is started."""

    def kill(stop: Event) -> None:
        while True:
            row = site.process(process)
            with contextlib.suppress(psutil.NoSuchProcess):
                if row.pid is not None and row.state in ("healthy", "unready"):
                    running = psutil.Process(row.pid)
                    if time.time() - running.create_time() >= lives_s:
                        running.kill()
            if stop.wait(_LOOK_S):
                return

    with meanwhile(kill):
        yield


@contextmanager
def away(site: Site, process: str) -> Iterator[None]:
    """A process and its children neither answer nor end; whatever is started in its place does not either."""
    still: list[psutil.Process] = []

    def freeze(stop: Event) -> None:
        while True:
            with contextlib.suppress(psutil.NoSuchProcess):
                for part in _tree(site.pid(process)):
                    if part not in still:
                        part.suspend()
                        still.append(part)
            if stop.wait(_LOOK_S):
                return

    try:
        with meanwhile(freeze):
            yield
    finally:
        for part in still:
            with contextlib.suppress(psutil.NoSuchProcess):
                part.resume()


def _tree(pid: int | None) -> list[psutil.Process]:
    first = [psutil.Process(pid)] if pid is not None else []
    return [*first, *(child for parent in first for child in parent.children(recursive=True))]


@contextmanager
def stopped_supervisor(site: Site) -> Iterator[None]:
    """The supervisor hangs, and what it started goes on."""
    supervisor = psutil.Process(site.status().pid)
    supervisor.suspend()
    try:
        yield
    finally:
        supervisor.resume()


@contextmanager
def dead_supervisor(site: Site) -> Iterator[None]:
    """The supervisor is killed, and with it all that it started; in the end somebody starts the hub again."""
    psutil.Process(site.status().pid).kill()
    try:
        yield
    finally:
        hub.stack.start(site.settings, timeout_s=START_S)


@contextmanager
def taken_port(site: Site, service: str) -> Iterator[None]:
    """A service dies, and before it is back another program listens on its port."""
    row = site.process(service)
    port = port_of(row.address)
    assert row.pid is not None
    assert port is not None
    folder = site.folder / "website"
    folder.mkdir(exist_ok=True)
    os.kill(row.pid, signal.SIGKILL)
    other: subprocess.Popen[bytes] | None = None
    try:
        while other is None or other.poll() is not None:
            other = subprocess.Popen(
                (sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", str(folder)),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            time.sleep(_LOOK_S)
        yield
    finally:
        if other is not None:
            other.terminate()
            other.wait()


@contextmanager
def rows_that_vanish(site: Site) -> Iterator[None]:
    """Somebody's job deletes rows of PostgreSQL as they come; in the end they are put back, and all is proven."""
    deleted: list[str] = []

    def delete(stop: Event) -> None:
        with contextlib.closing(psycopg2.connect(superuser_dsn(site.settings))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("select pg_current_xact_id()::text::bigint")
                (begun,) = cursor.fetchone() or (0,)
                while not stop.wait(_LOOK_S):
                    cursor.execute(
                        "delete from credit_record r where ctid = (select ctid from credit_record"
                        " where xmin::text::bigint >= %s limit 1) returning row_to_json(r)::text",
                        (begun,),
                    )
                    deleted.extend(row for (row,) in cursor.fetchall())
                    if deleted:
                        # One row is one row too many.
                        return

    try:
        with meanwhile(delete):
            yield
    finally:
        with psycopg2.connect(superuser_dsn(site.settings)) as connection, connection.cursor() as cursor:
            for row in deleted:
                cursor.execute(
                    "insert into credit_record select * from json_populate_record(null::credit_record, %s)"
                    " on conflict do nothing",
                    (row,),
                )
        connection.close()


@contextmanager
def bad_file(site: Site) -> Iterator[None]:
    """A unit's file is full of errors."""
    city, sent = site.folder / "city-bad", site.folder / "bad"
    site.run("sample", str(city), "--enterprises", str(_BAD_ENTERPRISES), "--seed", "7", "--dirty", "1.0")
    sent.mkdir()
    shutil.move(city / "市税务局", sent / "市税务局")
    site.run("push-dir", str(sent), "--yes", exit_codes=(0, 1, 2))
    yield


nearly_full_disk = partial(filled_disk, left_bytes=_LEFT_BYTES)
"""Only where the disk is the trial's own."""

FAULTS: tuple[Fault, ...] = (
    Fault("somebody's session holds a lock on PostgreSQL's table credit_record", locked_table),
    Fault("the platform above is in maintenance: it answers 503", closed_platform),
    Fault("the release to banks hangs (SIGSTOP)", partial(frozen, process="release")),
    Fault("the broker hangs (SIGSTOP)", partial(frozen, process="kafka")),
    Fault("a foreign program wrote a message into a catalogue topic", foreign_message),
    Fault("the tax bureau's files are full of bad rows", bad_file),
    Fault("somebody deleted a row of PostgreSQL's table credit_record", rows_that_vanish),
    Fault("the registry hangs (SIGSTOP)", partial(frozen, process="registry")),
    Fault("a worker is killed again and again", partial(killed_without_end, process="worker-0", lives_s=8.0)),
    Fault(
        "another program took the registry's port while the registry was down", partial(taken_port, service="registry")
    ),
    Fault("the disk of the hub's home is nearly full of somebody's export", nearly_full_disk),
)
"""In the order of ``--fault``. The last needs a disk of its own."""
