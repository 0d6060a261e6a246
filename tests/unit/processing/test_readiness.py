"""Alive, recovering, stale and current are told apart, each with its reason."""

from collections.abc import Callable

import pytest

from processing.readiness import STALE_S, WATCHDOG_S, Readiness


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def worker(clock: Clock) -> Readiness:
    return Readiness(clock)


def restored(worker: Readiness) -> Readiness:
    worker.restarted(2, {})
    return worker


def test_without_partitions_it_is_alive(worker: Readiness, clock: Clock) -> None:
    assert worker.verdict().state == "alive"
    assert not worker.verdict().ready
    clock.now += 4
    assert worker.verdict().reason == "started 4 s ago, no partition is assigned yet"
    clock.now += WATCHDOG_S
    assert worker.verdict().reason == "no partition is assigned"


def test_a_refused_number_is_named_with_its_reason(worker: Readiness) -> None:
    worker.restarted(1, {3: "this worker is given the partition without catalogue.tax.v1"})
    verdict = worker.verdict()
    assert (verdict.state, verdict.ready) == ("alive", False)
    assert "partition 3" in verdict.reason
    assert "catalogue.tax.v1" in verdict.reason


def test_a_recovery_without_progress_says_so(worker: Readiness, clock: Clock) -> None:
    restored(worker).recovering[5] = "restoring its store"
    assert worker.verdict().state == "recovering"
    assert "no progress" not in worker.verdict().reason
    clock.now += WATCHDOG_S + 1
    assert worker.verdict().reason.startswith("no progress for 31 s; partition 5: restoring its store")
    worker.progress()
    assert "no progress" not in worker.verdict().reason


def test_it_is_current_while_the_broker_says_that_nothing_waits(worker: Readiness, clock: Clock) -> None:
    restored(worker)
    for _ in range(10):
        clock.now += WATCHDOG_S / 2
        worker.caught_up(clock.now)
        assert worker.verdict().ready


@pytest.mark.parametrize(
    ("happens", "reason"),
    [
        (lambda worker, now: None, "the broker has not answered for 31 s"),
        (lambda worker, now: worker.caught_up(now - WATCHDOG_S - 1), "the broker has not answered for 31 s"),
    ],
)
def test_a_silent_broker_makes_it_stale(
    worker: Readiness, clock: Clock, happens: Callable[[Readiness, float], None], reason: str
) -> None:
    restored(worker)
    clock.now += WATCHDOG_S + 1
    happens(worker, clock.now)
    assert (worker.verdict().state, worker.verdict().reason) == ("stale", reason)


def test_a_service_that_is_away_makes_it_stale(worker: Readiness) -> None:
    restored(worker).waiting_for = "The registry does not answer."
    assert worker.verdict().state == "stale"
    assert worker.verdict().reason == "The registry does not answer."


def test_old_events_make_it_behind_until_they_are_merged(worker: Readiness, clock: Clock) -> None:
    restored(worker)
    worker.begin(clock.now - STALE_S - 5)
    worker.progress()
    assert worker.verdict().state == "behind"
    assert "65 s old" in worker.verdict().reason
    clock.now += 1
    worker.caught_up(clock.now)
    assert worker.verdict().ready
