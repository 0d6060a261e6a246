"""Worker processes of a processor: killed in the middle, taken over warm; every event counts once. For every case."""

import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from bus import users
from bus.grants import grant
from bus.principals import principals
from bus.users import file_of
from catalogue.load import load_catalogue
from tests.integration.processing.conftest import Bench
from tests.integration.streams.workers import partitions_of
from tests.services import own_access
from tests.waiting import until

# What a worker has copied of partitions that others own.
_COPIED = 'credithub_restored_records_total{stage="standby"'


def test_a_worker_that_is_killed_in_the_middle_processes_every_event_once(bench: Bench) -> None:
    bench.send(0, 20_000)
    worker = bench.start(0)
    until(lambda: bench.processed() > 0, lambda: worker.said()[-3000:])
    worker.process.send_signal(signal.SIGKILL)
    worker.process.wait()
    bench.send(20_000, 2_000)
    successor = bench.start(0)
    until(lambda: bench.processed() == 22_000, lambda: successor.said()[-3000:])
    assert bench.case.published(bench.config) == bench.case.expected(22_000)
    until(lambda: successor.state() == "current", lambda: str(successor.ready()))


def test_another_worker_takes_over_from_its_warm_copy(bench: Bench) -> None:
    workers = [bench.start(index) for index in range(2)]
    until(lambda: all(w.state() == "current" for w in workers), lambda: str([w.ready() for w in workers]))
    until(lambda: sum(partitions_of(workers)) == bench.config.partitions)
    # Sent only now: a worker that owned both partitions for a moment would have nothing to copy.
    bench.send(0, 2_000)
    until(lambda: bench.processed() == 2_000, lambda: workers[0].said()[-3000:])
    until(lambda: workers[1].metric(_COPIED) > 0, lambda: workers[1].said()[-3000:])
    workers[0].process.send_signal(signal.SIGKILL)
    bench.send(2_000, 2_000)
    until(lambda: bench.processed() == 4_000, lambda: workers[1].said()[-3000:])
    assert bench.case.published(bench.config) == bench.case.expected(4_000)


def test_a_worker_that_may_not_join_its_group_says_so_and_ends(bench: Bench, tmp_path: Path) -> None:
    folder = own_access(bench.config.client_file, tmp_path / "access")
    admin = replace(bench.config, client_file=str(file_of(folder, users.ADMIN)))
    # Its group is that of another one's process.
    grant(admin, folder, [one for one in principals(load_catalogue(), ()) if one.name == users.SINK_UPSTREAM])
    bench.config = replace(
        bench.config, principal=users.SINK_UPSTREAM, client_file=str(file_of(folder, users.SINK_UPSTREAM))
    )
    worker = bench.start(0)
    try:
        worker.process.wait(60)
    except subprocess.TimeoutExpired:
        pytest.fail(f"it says {worker.ready()}, and logged {worker.said()[-2000:]}")
    finally:
        bench.config = admin
    assert worker.process.returncode not in (0, None)
    assert "GroupAuthorizationFailedError" in worker.said()
