"""Worker processes of a processor: killed in the middle, taken over warm; every event counts once. For every case."""

import signal

from tests.integration.processing.conftest import Bench
from tests.integration.streams.workers import partitions_of
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
