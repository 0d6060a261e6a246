"""Causes that need a stage of their own: a trigger, another clock, a small disk, a core that is somebody else's."""

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import psycopg2

from hub.processes import child_environment
from hub.stack.layout import HomeLayout
from sinks.upstream.records import idempotency_key
from tests.databases import superuser_dsn
from tests.ports import free_port
from tests.waiting import until
from tests.watching.causes import REGISTRAR, Site, closed_platform
from tests.watching.meanwhile import meanwhile

_LOSING = """
create function lose() returns trigger language plpgsql as 'begin return null; end';
create trigger lose before insert on {table} for each row execute function lose()
"""
_FOUND = "drop trigger lose on {table}; drop function lose()"
# The command `credithub`, on a machine whose time is two days behind as long as a file is there.
_BEHIND = """
import pathlib, sys, datetime, bus.business_date as dates
right, wrong = dates.today, pathlib.Path(sys.argv.pop())
dates.today = lambda: right() - datetime.timedelta(days=2 * wrong.exists())
from hub.main import main
main()
"""
# A turn of a slowed process: it works for the first part, and stands still for the rest.
_WORKS_S, _RESTS_S = 0.02, 0.3


def _executed(site: Site, statements: str) -> None:
    connection = psycopg2.connect(superuser_dsn(site.settings))
    with contextlib.closing(connection), connection, connection.cursor() as cursor:
        cursor.execute(statements)


def waits_for_lock(site: Site) -> bool:
    """Whether any session of the hub's database waits for somebody's lock on a table."""
    connection = psycopg2.connect(superuser_dsn(site.settings))
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute("select count(*) from pg_locks where not granted and relation = 'credit_record'::regclass")
        (count,) = cursor.fetchone() or (0,)
    return bool(count)


@contextmanager
def losing_table(site: Site, table: str = "credit_record") -> Iterator[None]:
    """Somebody's trigger drops new rows of a table, and the sink is told that they were written."""
    _executed(site, _LOSING.format(table=table))
    try:
        yield
    finally:
        _executed(site, _FOUND.format(table=table))


def taken_keys(site: Site, *, seed: int) -> None:
    """Push a city of which the platform above knows some keys already, with other contents, which it rejects."""
    connection = psycopg2.connect(superuser_dsn(site.settings))
    with contextlib.closing(connection), connection.cursor() as cursor, closed_platform(site):
        connection.autocommit = True
        cursor.execute("select now()")
        since = cursor.fetchone()
        site.push(seed=seed, unit=REGISTRAR)

        def changes() -> list[tuple[str, int, list[dict[str, str]]]]:
            cursor.execute(
                "select subject, sequence, summary->'records' from credit_change where changed_at > %s", since
            )
            return list(cursor.fetchall())

        waiting = until(changes, "changes wait for the platform")
        keys = [
            (idempotency_key(subject, record["item"], record["record_key"], sequence), record["item"])
            for subject, sequence, records in waiting
            for record in records
        ]
        store = sqlite3.connect(HomeLayout.of(site.settings).upstream / "store.sqlite3", timeout=30)
        with contextlib.closing(store), store:
            store.executemany(
                "insert or ignore into receipt values (?, 'another', ?, 'REPORT', x'00', 'ACCEPTED', null, ?)",
                [(key, item, "2026-01-01T00:00:00+00:00") for key, item in keys],
            )


@contextmanager
def late_clock(site: Site) -> Iterator[tuple[Path, Path]]:
    """The hub's clock runs on a machine whose time is two days behind, and takes the day of then for today's.

    Yields the list of targets that has this clock in it, and the file whose end sets that machine's time right.
    """
    port, folder = free_port(), site.folder / "late"
    folder.mkdir(exist_ok=True)
    wrong, targets = folder / "wrong", folder / "targets.json"
    wrong.touch()
    listed = json.loads(HomeLayout.of(site.settings).targets_file.read_text("utf-8"))
    for one in listed:
        if one["labels"]["process"] == "clock":
            one["targets"] = [f"127.0.0.1:{port}"]
    targets.write_text(json.dumps(listed), "utf-8")
    command = (sys.executable, "-P", "-c", _BEHIND, "clock", "--metrics-port", str(port), str(wrong))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=child_environment(site.settings), stdout=log, stderr=log)
    try:
        yield targets, wrong
    finally:
        process.kill()
        process.wait()


@contextmanager
def slowed(site: Site, process: str) -> Iterator[None]:
    """A process gets a sixteenth of a core: it moves and answers, and is late."""
    pid = site.pid(process)
    assert pid is not None

    def slow(stop: Event) -> None:
        with contextlib.suppress(ProcessLookupError):
            while not stop.is_set():
                os.kill(pid, signal.SIGSTOP)
                stop.wait(_RESTS_S)
                os.kill(pid, signal.SIGCONT)
                time.sleep(_WORKS_S)

    with meanwhile(slow):
        yield


@contextmanager
def own_disk(folder: Path, *, size_bytes: int) -> Iterator[bool]:
    """The folder, which is made, lies on a small disk of its own, in memory; whether this user may mount one."""
    folder.mkdir()
    mounted = os.geteuid() == 0 and _succeeds(
        "mount", "-t", "tmpfs", "-o", f"size={size_bytes},mode=755", "hub", str(folder)
    )
    try:
        yield mounted
    finally:
        if mounted:
            # Lazily: whoever looks into it does not keep it.
            subprocess.run(("umount", "--lazy", str(folder)), check=True)


def _succeeds(*command: str) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return subprocess.run(command, capture_output=True).returncode == 0
    return False


@contextmanager
def filled_disk(site: Site, *, left_bytes: int) -> Iterator[None]:
    """Somebody's export takes the disk of the home, but for so much."""
    folder = site.settings.home.parent / "exports"
    folder.mkdir(exist_ok=True)
    export = folder / "2026-11.dump"
    with export.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(folder).free - left_bytes)
    try:
        yield
    finally:
        export.unlink(missing_ok=True)


@contextmanager
def filling_disk(site: Site, *, bytes_per_s: int) -> Iterator[None]:
    """Something else takes more of the home's disk every second."""
    ballast = site.settings.home / "growing"

    def grow(stop: Event) -> None:
        with ballast.open("wb") as file:
            while not stop.wait(1.0):
                file.write(bytes(bytes_per_s))
                file.flush()

    try:
        with meanwhile(grow):
            yield
    finally:
        ballast.unlink()
